"""The conversations of a download from Meta, found by the names of its files alone.

>>> threads_of(["messages/inbox/julie_1a/message_10.json", "messages/inbox/julie_1a/message_2.json", "ads/ads.json"])
{'inbox/julie_1a': ('messages/inbox/julie_1a/message_2.json', 'messages/inbox/julie_1a/message_10.json')}

What lies around `messages/` (your_activity_across_facebook/, your_instagram_activity/, the folder it was unpacked to)
makes no difference, and every file that is of no conversation is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from nlpchat.chats.meta.json_threads import part_order

# Where Meta keeps conversations, inside messages/.
BOXES = frozenset({
    "inbox", "archived_threads", "filtered_threads", "message_requests", "e2ee_cutover", "legacy_threads",
})  # fmt: skip

_PART = re.compile(r"message(?:_[0-9]+)?\.(?:json|html?)", re.IGNORECASE)
# The end-to-end-encrypted download: one file for each conversation, its number after the name.
_ENCRYPTED = re.compile(r".+_[0-9]+\.json", re.IGNORECASE)
# 2017: all conversations on one page, or, late in that year, each on a page that has a number for a name.
_PAGE_2017 = re.compile(r"messages\.html?", re.IGNORECASE)
_NUMBERED_PAGE = re.compile(r"[0-9]+\.html?", re.IGNORECASE)


def threads_of(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The conversations among these files of a folder or zip: each one's name ("inbox/julie_1a") and its parts.

    names: with "/" between folders, from the folder or zip on. The parts are in the order of their numbers; where a
    conversation is there as JSON and as HTML, they are the JSON. One that lies outside every box has its folder's
    name, or "" where there is no folder.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        place = _place(name)
        if place is not None:
            found.setdefault(place, []).append(name)
    threads: dict[str, dict[str, list[str]]] = {}
    for (root, thread), parts in sorted(found.items()):
        threads.setdefault(thread, {})[root] = _of_one_form(parts)
    named: dict[str, tuple[str, ...]] = {}
    for thread, copies in threads.items():
        named |= _named(thread, copies)
    return named


def _place(name: str) -> tuple[str, str] | None:
    """The root that a file's conversation lies under, and the conversation's name; None for any other file."""
    *folders, base = name.split("/")
    at = _messages_folder(folders)
    if _PART.fullmatch(base):
        if at is None:
            return "/".join(folders[:-1]), "/".join(folders[-1:])
        return "/".join(folders[:at]), "/".join(folders[at + 1 :])
    if at is not None and at == len(folders) - 1 and (_ENCRYPTED.fullmatch(base) or _NUMBERED_PAGE.fullmatch(base)):
        return "/".join(folders[:at]), base.rpartition(".")[0]
    return ("/".join(folders), "messages") if _PAGE_2017.fullmatch(base) else None


def _messages_folder(folders: list[str]) -> int | None:
    """Where the folder of all conversations is: the one called messages, or else what a box lies in."""
    places = [at for at, folder in enumerate(folders) if folder == "messages"]
    boxed = [at for at in places if folders[at + 1 : at + 2] and folders[at + 1] in BOXES]
    if places:
        return (boxed or places[-1:])[0]
    return next((at - 1 for at, folder in enumerate(folders) if folder in BOXES), None)


def _of_one_form(parts: list[str]) -> list[str]:
    """The parts that are JSON; where none is, all; in the order of their numbers."""
    return sorted([part for part in parts if part.lower().endswith(".json")] or parts, key=part_order)


def _named(thread: str, copies: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """One conversation, or one for each root where several roots have one of its name with the same parts."""
    bases = [part.rpartition("/")[2].lower() for copy in copies.values() for part in copy]
    forms = {base.rpartition(".")[2] == "json" for base in bases}
    if len(set(bases)) == len(bases) and len(forms) == 1:
        return {thread: tuple(sorted((part for copy in copies.values() for part in copy), key=part_order))}
    first = next(iter(copies))
    return {thread if root == first else f"{root}/{thread}": tuple(copy) for root, copy in copies.items()}
