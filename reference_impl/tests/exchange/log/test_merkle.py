"""The tree of the log against the recursive definitions of RFC 9162, and what a hub could forge."""

from __future__ import annotations

import hashlib

import pytest
from drs_reference.exchange.log.merkle import (
    EMPTY,
    LogProofError,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
)
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = st.integers(1, 70)


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def tree(count: int) -> Tree:
    return Tree(map(leaf_hash, entries(count)))


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def naive_root(leaves: list[bytes]) -> bytes:
    """Section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """Section 2.1.4.1."""
    if old == len(leaves):
        return [] if known else [naive_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def test_roots_of_known_trees() -> None:
    """The test vectors of Certificate Transparency, which the RFC took over."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    }
    known = Tree(leaf_hash(bytes.fromhex(text)) for text in inputs)
    assert {size: known.root(size).hex() for size in roots} == roots
    assert Tree().root() == EMPTY


@settings(deadline=None)
@given(SIZES, st.data())
def test_roots_and_proofs_are_those_of_the_definitions(size: int, data: st.DataObject) -> None:
    leaves = entries(size)
    earlier = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, earlier - 1))
    grown = tree(size)
    assert len(grown) == size
    assert grown.root(earlier) == naive_root(leaves[:earlier])
    assert grown.inclusion(index, earlier) == naive_path(index, leaves[:earlier])
    assert grown.consistency(earlier, size) == naive_subproof(earlier, leaves, True)
    check_inclusion(
        index,
        earlier,
        leaf_hash(leaves[index]),
        grown.inclusion(index, earlier),
        grown.root(earlier),
    )
    proof = grown.consistency(earlier, size)
    check_consistency(earlier, size, proof, grown.root(earlier), grown.root())


@settings(deadline=None)
@given(SIZES, st.data())
def test_no_other_leaf_and_no_other_place_is_proven(size: int, data: st.DataObject) -> None:
    """A hub claims an entry that it does not hold, or elsewhere; its proof must not verify."""
    index = data.draw(st.integers(0, size - 1))
    grown, leaf = tree(size), leaf_hash(b"entry %d" % index)
    proof, root = grown.inclusion(index, size), grown.root()
    elsewhere = data.draw(st.integers(0, size).filter(lambda other: other != index))
    forgeries = [
        (index, size, leaf_hash(b"another"), proof, root),
        (elsewhere, size, leaf, proof, root),
        (index, size, leaf, [*proof, leaf], root),
        (index, size, leaf, proof, leaf_hash(b"another root")),
    ]
    if proof:
        forgeries.append((index, size, leaf, proof[:-1], root))
    for forgery in forgeries:
        with pytest.raises(LogProofError):
            check_inclusion(*forgery)


@settings(deadline=None)
@given(SIZES, SIZES, st.data())
def test_a_log_that_forks_is_found_out(old: int, more: int, data: st.DataObject) -> None:
    """The log replaces an entry that it showed; no proof that it can make must verify."""
    grown = tree(old + more)
    changed = data.draw(st.integers(0, old - 1))
    leaves = [leaf_hash(entry) for entry in entries(old + more)]
    leaves[changed] = leaf_hash(b"what was never there")
    forked = Tree(leaves)
    for proof in (grown.consistency(old, old + more), forked.consistency(old, old + more)):
        with pytest.raises(LogProofError):
            check_consistency(old, old + more, proof, grown.root(old), forked.root())


@settings(deadline=None)
@given(SIZES, SIZES)
def test_a_proof_of_consistency_that_was_cut_or_stretched_is_refused(old: int, more: int) -> None:
    grown = tree(old + more)
    proof = grown.consistency(old, old + more)
    for wrong in (proof[:-1], [*proof, EMPTY], []):
        with pytest.raises(LogProofError):
            check_consistency(old, old + more, wrong, grown.root(old), grown.root())


def test_every_tree_begins_with_the_empty_one_and_with_itself() -> None:
    grown = tree(5)
    check_consistency(0, 5, [], EMPTY, grown.root())
    check_consistency(5, 5, [], grown.root(), grown.root())
    check_consistency(0, 0, [], EMPTY, EMPTY)
    for forgery in (
        (0, 5, [], grown.root(), grown.root()),
        (5, 5, [], grown.root(4), grown.root()),
        (0, 0, [], EMPTY, grown.root()),
        (6, 5, [], grown.root(), grown.root()),
    ):
        with pytest.raises(LogProofError):
            check_consistency(*forgery)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (0, 4), (-1, 3)])
def test_inclusion_is_asked_within_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"size|index"):
        tree(3).inclusion(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (2, 1), (1, 4), (-1, 2)])
def test_consistency_is_asked_within_the_tree(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="size"):
        tree(3).consistency(old, new)


@settings(deadline=None)
@given(st.integers(0, 70), st.data())
def test_what_nobody_has_seen_can_be_taken_back(size: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, size))
    grown = tree(size)
    grown.cut(kept)
    assert len(grown) == kept
    for entry in entries(size)[kept:]:
        grown.append(leaf_hash(entry))
    assert [grown.root(n) for n in range(size + 1)] == [tree(n).root() for n in range(size + 1)]
