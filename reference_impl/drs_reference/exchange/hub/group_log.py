"""The log of one trust group: where each leaf stands, and the tree over them."""

from __future__ import annotations

from collections.abc import Iterable

from drs_reference.exchange.log.merkle import Tree


class GroupLog:
    """Leaves by their hashes. Not to be used from two threads at once."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.tree = Tree()
        self._places: dict[bytes, int] = {}
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> int:
        """Add a leaf; its index."""
        index = self.tree.append(leaf)
        self._places.setdefault(leaf, index)
        return index

    def cut(self, size: int) -> None:
        """Take back the leaves from ``size`` on, which nobody has seen yet."""
        self.tree.cut(size)
        self._places = {leaf: place for leaf, place in self._places.items() if place < size}

    def place(self, leaf: bytes) -> int | None:
        """The index of a leaf, if the log has it."""
        return self._places.get(leaf)
