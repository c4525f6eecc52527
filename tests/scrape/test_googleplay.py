"""Google Play: each saved page or export yields what lies beside it, and nobody's name."""

from __future__ import annotations

import pytest

from nlpchat.scrape.sites import googleplay
from tests.scrape.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("googleplay"))
def test_a_page_yields_what_lies_beside_it(case: Case) -> None:
    check(googleplay, case)
