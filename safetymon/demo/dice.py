"""Named dice: every choice of the demo generator is a function of the seed and of its name.

A throw depends on nothing but its key (SHA-256, not a stream of random numbers), so the listings
are the same bytes on every machine and Python version, and adding a choice moves no other one.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

SEED = "safetymon demo 1"

Item = TypeVar("Item")


def roll(sides: int, *key: object) -> int:
    """Return a whole number from 0 to ``sides - 1`` that depends only on the seed and the key."""
    name = "|".join(str(part) for part in (SEED, *key))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % sides


def chosen(items: Sequence[Item], *key: object) -> Item:
    """Return one of the items."""
    return items[roll(len(items), *key)]


def shuffled(items: Iterable[str], *key: object) -> list[str]:
    """Return the distinct items in an order that depends only on the seed and the key."""
    return sorted(set(items), key=lambda item: (roll(2**63, *key, item), item))


def picked(items: Iterable[str], count: int, forced: Iterable[str], *key: object) -> set[str]:
    """Return ``count`` of the items, all the forced ones among them.

    Raises:
        ValueError: if the items cannot satisfy the request.
    """
    pool, must = set(items), set(forced)
    if not must <= pool or not len(must) <= count <= len(pool):
        raise ValueError(f"demo: cannot pick {count} of {len(pool)} with {len(must)} forced: {key}")
    return must | set(shuffled(pool - must, *key)[: count - len(must)])
