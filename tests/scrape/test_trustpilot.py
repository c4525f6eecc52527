"""Trustpilot: each saved page or export yields what lies beside it, and nobody's name."""

from __future__ import annotations

import pytest

from nlpchat.scrape.sites import trustpilot
from tests.scrape.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("trustpilot"))
def test_a_page_yields_what_lies_beside_it(case: Case) -> None:
    check(trustpilot, case)
