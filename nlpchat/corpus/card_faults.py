"""A card as read from TOML -> everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nlpchat.corpus.card_words import (
    KINDS,
    SPLITS,
    TIERS,
    TRAINING_USES,
    UNTRAINED_TIERS,
    USES,
    WORDS,
    BuildRules,
)

_TABLES = ("rule", "build", "site", "splits")
_CARD_KEYS = {*WORDS, "kind", "tier", "use", "labels", "leave_out", "source", *_TABLES}
_SOURCE_WORDS = ("file", "origin", "licence", "sha256", "what")
_SOURCE_KEYS = {*_SOURCE_WORDS, "words", "rows", "counts"}
_SITE_WORDS = ("name", "robots", "terms", "as_of")
_BUILD_DEFAULTS = {one.name: one.default for one in fields(BuildRules)}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_AS_OF = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def card_faults(stated: Mapping[str, Any]) -> list[str]:
    """One sentence for each fault; none for a good card."""
    faults = _unknown(stated, _CARD_KEYS)
    faults += [f"{key} is missing or empty" for key in WORDS if not _is_word(stated.get(key))]
    if stated.get("kind") not in KINDS:
        faults.append(f"kind must be one of {', '.join(KINDS)}")
    if stated.get("tier") not in TIERS:
        faults.append(f"tier must be one of {', '.join(TIERS)}")
    faults += _use_faults(stated)
    if (stated.get("kind") == "labelled") != _is_word(stated.get("labels")):
        faults.append("labels (the rule they follow) must be stated for a labelled set, and for no other")
    if stated.get("tier") != "own" and not _is_word(stated.get("leave_out")):
        faults.append("leave_out (how somebody whose text is in it is left out) must be stated, except for tier 'own'")
    for key, check in zip(_TABLES, (_rule_faults, _build_faults, _site_faults, _splits_faults), strict=True):
        if key in stated:
            table = stated[key]
            found = check(table, stated) if isinstance(table, dict) else ["must be a table"]
            faults += [f"[{key}]: {fault}" for fault in found]
    return faults + _sources_faults(stated)


def _use_faults(stated: Mapping[str, Any]) -> list[str]:
    use = stated.get("use")
    if not isinstance(use, list) or not all(one in USES for one in use):
        return [f"use must be a list of: {', '.join(USES)}"]
    tier = stated.get("tier")
    if tier in UNTRAINED_TIERS and TRAINING_USES & set(use):
        return [f"tier {tier!r} ({TIERS[tier]}) cannot be used for {', '.join(use)}"]
    return []


def _rule_faults(rule: Mapping[str, Any], card: Mapping[str, Any]) -> list[str]:
    faults = _unknown(rule, {"keep", "rating"})
    if card.get("kind") != "labelled":
        faults.append("is for a labelled set alone")
    keep = rule.get("keep", ["neg"])
    if not isinstance(keep, list) or not keep or not all(_is_word(label) for label in keep):
        faults.append("keep must be a list of labels")
    if "rating" in rule:
        rating = rule["rating"]
        bounds: list[Any] = (
            list(map(rating.get, ("neg", "pos"))) if isinstance(rating, dict) and len(rating) == 2 else []
        )
        if not bounds or not all(map(_is_share, bounds)) or bounds[0] >= bounds[1]:
            faults.append("rating must be { neg = A, pos = B }, with A below B, both from 0 to 1")
    return faults


def _build_faults(build: Mapping[str, Any], _card: Mapping[str, Any]) -> list[str]:
    faults = _unknown(build, set(_BUILD_DEFAULTS))
    for key in ("near", "valid", "test"):
        if key in build and not _is_share(build[key]):
            faults.append(f"{key} must be a number from 0 to 1")
    if build.get("language", "") not in ("", "fr"):
        faults.append('language must be "fr", or "" for no check')
    if "language_from" in build and not (_is_count(build["language_from"]) or build["language_from"] == 0):
        faults.append("language_from must be a number of letters")
    if "salt" in build and not _is_word(build["salt"]):
        faults.append("salt must be a word")
    shares = [build.get(key, _BUILD_DEFAULTS[key]) for key in ("valid", "test")]
    if all(_is_share(share) for share in shares) and sum(shares) >= 1:
        faults.append("valid and test leave nothing to train on")
    return faults


def _site_faults(site: Mapping[str, Any], _card: Mapping[str, Any]) -> list[str]:
    faults = _unknown(site, {*_SITE_WORDS, "fetchable"})
    faults += [f"{key} is missing or empty" for key in _SITE_WORDS if not _is_word(site.get(key))]
    if not isinstance(site.get("fetchable"), bool):
        faults.append("fetchable must be true or false")
    if _is_word(site.get("as_of")) and not _AS_OF.fullmatch(site["as_of"]):
        faults.append('as_of must be a day or a month, "2026-09-03" or "2026-09"')
    return faults


def _splits_faults(splits: Mapping[str, Any], _card: Mapping[str, Any]) -> list[str]:
    faults = _unknown(splits, set(SPLITS))
    for name, split in splits.items():
        if not isinstance(split, dict) or set(split) != {"rows", "words", "sha256"}:
            faults.append(f"{name} must be {{ rows = N, words = N, sha256 = ... }}")
        elif not (_is_count(split["rows"]) and _is_count(split["words"]) and _is_sha256(split["sha256"])):
            faults.append(f"{name}: rows and words must be whole numbers above 0, sha256 64 hexadecimal digits")
    return faults


def _sources_faults(stated: Mapping[str, Any]) -> list[str]:
    sources = stated.get("source", [])
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        return ["each source must be a [[source]] table"]
    if not sources and stated.get("kind") != "chats" and "site" not in stated:
        return ["no [[source]]: which files is it made of?"]
    return [
        f"source {source.get('file', number)}: {fault}"
        for number, source in enumerate(sources, 1)
        for fault in _source_faults(source, stated)
    ]


def _source_faults(source: Mapping[str, Any], card: Mapping[str, Any]) -> list[str]:
    faults = _unknown(source, _SOURCE_KEYS)
    faults += [f"{key} is missing or empty" for key in _SOURCE_WORDS if not _is_word(source.get(key))]
    if _is_word(source.get("sha256")) and not _is_sha256(source["sha256"]):
        faults.append("sha256 must be 64 hexadecimal digits")
    if card.get("kind") == "text" and not _is_count(source.get("words")):
        faults.append("words must be a whole number above 0")
    if card.get("kind") == "labelled":
        counts = source.get("counts")
        if not isinstance(counts, dict) or not counts or not all(_is_count(rows) for rows in counts.values()):
            faults.append("counts must give the rows of each label")
        elif sum(counts.values()) != source.get("rows"):
            faults.append(f"rows is {source.get('rows')}, and its labels count {sum(counts.values())}")
    return faults


def _unknown(stated: Mapping[str, Any], known: set[str]) -> list[str]:
    return [f"unknown key {key!r}" for key in sorted(set(stated) - known)]


def _is_word(stated: object) -> bool:
    return isinstance(stated, str) and bool(stated.strip())


def _is_sha256(stated: object) -> bool:
    return isinstance(stated, str) and bool(_SHA256.fullmatch(stated))


def _is_count(stated: object) -> bool:
    return isinstance(stated, int) and not isinstance(stated, bool) and stated > 0


def _is_share(stated: object) -> bool:
    return isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated <= 1
