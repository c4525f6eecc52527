"""Which side of a split a group falls on: by a hash of its name, so that it stays there when the corpus grows."""

from __future__ import annotations

import hashlib


def place(group: str, salt: str = "nlpchat") -> float:
    """A number in [0, 1) that belongs to `group`, evenly spread over groups and the same on every machine."""
    raw = hashlib.blake2b(f"{salt}\0{group}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big") / 2**64


def is_held_out(group: str, share: float, salt: str = "nlpchat") -> bool:
    """Whether `group` belongs to the held-out `share` (0.0 to 1.0) of groups."""
    return place(group, salt) < share


def side(group: str, *, valid: float, test: float, salt: str) -> str:
    """ "train", "valid" or "test": the lowest `test` of all places is test, the next `valid` is valid.

    Nothing but the group's own name decides, so no row that is added ever moves another.
    """
    where = place(group, salt)
    if where < test:
        return "test"
    return "valid" if where < test + valid else "train"
