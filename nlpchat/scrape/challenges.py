"""Whether an answer is no page but a demand for proof that a person asks: a captcha, a check of the browser.

The marks are of the demand itself. Scripts that the same firms put into every page of a site (Cloudflare's
`/cdn-cgi/challenge-platform/scripts/jsd/`, DataDome's `tags.js`, a reCAPTCHA beside a form) say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADERS = (
    ("cf-mitigated", re.compile("challenge"), "Cloudflare"),
    ("x-amzn-waf-action", re.compile("captcha|challenge"), "AWS WAF"),
)
_BODIES = (
    (re.compile(rb"_cf_chl_opt|cf-browser-verification|cf-challenge-running|id=[\"']challenge-form"), "Cloudflare"),
    (re.compile(rb"<title>\s*(Just a moment\.\.\.|Attention Required! \| Cloudflare)"), "Cloudflare"),
    (re.compile(rb"<(script|iframe)\b[^>]*captcha-delivery\.com"), "DataDome"),
    (re.compile(rb"<[^>]+\bid=[\"']px-captcha"), "HUMAN"),
)


def challenger(headers: Mapping[str, str], body: bytes) -> str | None:
    """Who demands a proof ("Cloudflare", "DataDome"); None: nobody. headers: names in lower case."""
    for name, mark, who in _HEADERS:
        if mark.search(headers.get(name, "").lower()):
            return who
    return next((who for mark, who in _BODIES if mark.search(body)), None)
