"""The rows of an export that somebody made with another tool: CSV, JSON or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import unquote, urlsplit

from nlpchat.errors import PageChangedError
from nlpchat.scrape.markup import iso_date, sound

Row = dict[str, object]

LONGEST_CELL = 10_000_000  # characters; the csv module's own bound is met by long reviews


def rows_of(body: bytes, *, url: str, needed: Sequence[str]) -> list[Row]:
    """The rows, each with at least the fields `needed` in the first. Raises PageChangedError: another file, or a damaged one."""
    text = _text(body)
    rows = _json(text, url) if text.lstrip()[:1] in ("{", "[") else _csv(text, url)
    if missing := [name for name in needed if not rows or name not in rows[0]]:
        found = f"the fields found are {', '.join(list(rows[0])[:20])}" if rows else "no row found"
        raise PageChangedError(f"{url}: no {' and no '.join(missing)} in it; {found}. Is it an export of another tool?")
    return rows


def is_page(body: bytes) -> bool:
    """Whether it is HTML rather than an export."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def text_in(row: Row, name: str) -> str:
    """A field as text; "" for none, also for the NaN of a table."""
    value = row.get(name)
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else sound(str(value))


def count_in(row: Row, name: str) -> int | None:
    """A field as a whole number, also "3.0" as tables with gaps write it; None: it is none."""
    found = re.fullmatch(r"(\d{1,9})(?:\.0+)?", text_in(row, name).strip())
    return int(found[1]) if found else None


def day_in(row: Row, name: str) -> date | None:
    """A field as a day: an ISO date or time, or seconds or milliseconds since 1970 (UTC); None: it is none."""
    text = text_in(row, name).strip()
    if re.fullmatch(r"\d{9,13}(?:\.\d+)?", text):
        seconds = float(text) / (1000 if len(text.partition(".")[0]) > 11 else 1)
        return datetime.fromtimestamp(seconds, UTC).date()
    return iso_date(text)


def stem(url: str) -> str:
    """What stands for the work where neither row nor page names it: the file's name without its ending."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    return name.rpartition(".")[0] or name or url


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")  # what spreadsheets here save as "CSV"


def _json(text: str, url: str) -> list[Row]:
    """One array, one object with an array in it, or an object a line."""
    try:
        try:
            whole = json.loads(text)
        except ValueError:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as fault:
        raise PageChangedError(f"{url}: not JSON and not JSON Lines ({fault}). Export it again.") from fault
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        whole = lists[0] if lists else [whole]
    return [entry for entry in whole if isinstance(entry, dict)]


def _csv(text: str, url: str) -> list[Row]:
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    bound = csv.field_size_limit(LONGEST_CELL)
    try:
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [{key: value for key, value in entry.items() if key} for entry in table]
    except csv.Error as fault:
        raise PageChangedError(f"{url}: not a table ({fault}). Export it again.") from fault
    finally:
        csv.field_size_limit(bound)
