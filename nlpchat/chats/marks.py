"""Characters that phones put around headers, names and notices without anybody seeing them; for use inside [...]."""

from __future__ import annotations

import re

# BOM, LRM, RLM, ALM, embeddings, isolates.
MARKS = "\ufeff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
# One space looks like another: no-break, narrow no-break, thin.
SPACES = " \u00a0\u202f\u2009"
STRIP_MARKS = re.compile(f"[{MARKS}]")
