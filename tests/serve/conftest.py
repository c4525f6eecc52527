"""Servers with the small classifier, and an open page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier
from tests.serve.served import Served, running


@pytest.fixture(scope="session")
def classifier(bundle: Bundle) -> Classifier:
    return Classifier(bundle, threads=1)


@pytest.fixture(scope="module")
def serve(classifier: Classifier) -> Iterator[Callable[..., Served]]:
    """Starts a server with settings and a clock; all are stopped in the end."""
    with ExitStack() as stack:

        def start(*options: Any) -> Served:
            return stack.enter_context(running(classifier, *options))

        yield start


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    """One for the whole file."""
    return serve()


@pytest.fixture
def page(served: Served) -> Iterator[str]:
    name = served.open()
    yield name
    served.post(f"/pages/{name}/close")
