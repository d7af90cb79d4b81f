"""Merkle trees as RFC 9162 section 2.1 defines them: root, proofs, and how they are verified.

A hash has 32 bytes. ``[begin, end)`` are the leaves of a subtree; a proof is a list of hashes,
the one nearest to the leaf first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256().digest()
"""The root of the tree without leaves."""


class LogProofError(Exception):
    """A proof does not prove; the message says what does not fit."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf (section 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees (section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows. Every earlier size of it can be asked for."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """``leaves`` are hashes of leaves."""
        # _full[h][i] is the root of the full subtree over the leaves [i * 2**h, (i + 1) * 2**h).
        self._full: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._full[0])

    def append(self, leaf: bytes) -> int:
        """Add the hash of a leaf; its index."""
        index = len(self)
        height, node = 0, leaf
        self._full[0].append(node)
        while len(self._full[height]) % 2 == 0:
            node = node_hash(*self._full[height][-2:])
            height += 1
            if height == len(self._full):
                self._full.append([])
            self._full[height].append(node)
        return index

    def cut(self, size: int) -> None:
        """Take back the leaves from ``size`` on, which nobody has seen yet."""
        for height, nodes in enumerate(self._full):
            del nodes[size >> height :]

    def root(self, size: int | None = None) -> bytes:
        """The root of the first ``size`` leaves, of all by default. Raises ``ValueError``."""
        size = len(self) if size is None else size
        self._has(0, size)
        return self._root(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that leaf ``index`` is in the tree of ``size`` (section 2.1.3.1).

        Raises ``ValueError`` unless 0 <= index < size <= len(self).
        """
        self._has(index + 1, size)
        if index < 0:
            raise ValueError(f"a leaf has an index of at least 0, not {index}")
        proof, begin, end = [], 0, size
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(begin, middle))
                begin = middle
        return proof[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of ``new`` begins with that of ``old`` (section 2.1.4.1).

        Raises ``ValueError`` unless 0 < old <= new <= len(self).
        """
        self._has(old, new)
        if old < 1:
            raise ValueError(f"an earlier size is at least 1, not {old}")
        proof, begin, end, known = [], 0, new, True
        while end != old:
            middle = begin + _split(end - begin)
            if old <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(begin, middle))
                begin, known = middle, False
        if not known:
            proof.append(self._root(begin, end))
        return proof[::-1]

    def _has(self, least: int, size: int) -> None:
        if not least <= size <= len(self):
            raise ValueError(f"{size} is not a size from {least} to {len(self)}, that of the tree")

    def _root(self, begin: int, end: int) -> bytes:
        """The root of [begin, end), which a split of some size has made: begin is aligned."""
        size = end - begin
        if size & (size - 1) == 0:
            height = size.bit_length() - 1
            return self._full[height][begin >> height]
        middle = begin + _split(size)
        return node_hash(self._root(begin, middle), self._root(middle, end))


def _split(size: int) -> int:
    """The greatest power of two below ``size``, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Hold a proof of inclusion against a root (section 2.1.3.2). Raises ``LogProofError``."""
    if not 0 <= index < size:
        raise LogProofError(f"leaf {index} cannot be in a tree of {size}")
    number, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise LogProofError("the proof of inclusion is longer than the tree is high")
        if number % 2 or number == last:
            node = node_hash(step, node)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            node = node_hash(node, step)
        number, last = number >> 1, last >> 1
    if last or node != root:
        raise LogProofError(f"the proof does not lead from leaf {index} to the root of {size}")


def check_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Hold a proof of consistency against two roots (section 2.1.4.2). Raises ``LogProofError``.

    Every tree begins with the empty one, which needs no proof.
    """
    if not 0 <= old <= new:
        raise LogProofError(f"a tree of {new} cannot go on from one of {old}")
    if old in (0, new):
        expected = EMPTY if old == 0 else new_root
        if proof or old_root != expected or (new == 0 and new_root != EMPTY):
            raise LogProofError(f"the trees of {old} and {new} are not the same, as they must be")
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise LogProofError("the proof of consistency is empty")
    number, last = old - 1, new - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            raise LogProofError("the proof of consistency is longer than the tree is high")
        if number % 2 or number == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, step)
        number, last = number >> 1, last >> 1
    if last or before != old_root or after != new_root:
        raise LogProofError(
            f"the tree of {new} does not go on from the tree of {old}: the log shows two histories"
        )
