"""The log of a hub that runs: what members can prove, and how two histories are found out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.log.checkpoint import Checkpoint, LogKey, opened
from drs_reference.exchange.log.merkle import (
    EMPTY,
    LogProofError,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
)


def checkpoint(hub: Any, lab: Any) -> Checkpoint:
    answer = hub.get(lab, f"{lab.root}/log/checkpoint")
    assert answer.status_code == 200
    return opened(answer.text, LogKey.parse(hub.ready["log_keys"][lab.root[1:]]))


def steps(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in proof]


def consistency(hub: Any, lab: Any, old: Checkpoint, new: Checkpoint) -> None:
    """What a member does that has seen ``old`` and is shown ``new``."""
    answer = hub.json(lab, f"{lab.root}/log/consistency", **{"from": old.size, "to": new.size})
    check_consistency(old.size, new.size, steps(answer["proof"]), old.root, new.root)


def test_an_empty_log(empty_hub: Any, a: Any) -> None:
    assert checkpoint(empty_hub, a) == Checkpoint("hub.example/group-1", 0, EMPTY)
    assert empty_hub.json(a, "/group-1/log/entries") == {"more": False, "entries": []}
    assert empty_hub.get(a, "/group-1/log/consistency").status_code == 400


def test_every_object_is_in_the_log_once(empty_hub: Any, a: Any, b: Any) -> None:
    documents = [a.signature(), b.signature()]
    documents.append(a.version(documents[0], confidence=1))
    before = checkpoint(empty_hub, a)
    for number, document in enumerate(documents):
        lab = b if number == 1 else a
        empty_hub.published(lab, document)
        empty_hub.published(lab, document)
        now = checkpoint(empty_hub, a)
        assert now.size == number + 1
        if before.size:
            consistency(empty_hub, b, before, now)
        before = now
    for number, document in enumerate(documents):
        leaf = leaf_hash(canonical(document))
        found = empty_hub.json(b, "/group-1/log/inclusion", leaf=leaf.hex())
        assert (found["index"], found["size"]) == (number, 3)
        check_inclusion(number, 3, leaf, steps(found["proof"]), before.root)
    answer = empty_hub.json(b, "/group-1/log/entries")
    assert [entry["object"] for entry in answer["entries"]] == documents
    leaves = [leaf_hash(canonical(entry["object"])) for entry in answer["entries"]]
    assert [leaf.hex() for leaf in leaves] == [entry["leaf"] for entry in answer["entries"]]
    assert Tree(leaves).root() == before.root
    page = empty_hub.json(b, "/group-1/log/entries", start=1, limit=1)
    assert (page["more"], [entry["index"] for entry in page["entries"]]) == (True, [1])


def test_earlier_sizes_can_be_proven(hub: Any, a: Any) -> None:
    document = a.signature()
    hub.published(a, document)
    size = checkpoint(hub, a).size
    hub.published(a, a.signature())
    leaf = leaf_hash(canonical(document)).hex()
    path = "/group-1/log/inclusion"
    assert hub.json(a, path, leaf=leaf, size=size)["index"] == size - 1
    assert hub.get(a, path, params={"leaf": leaf, "size": size - 1}).status_code == 404
    assert hub.get(a, path, params={"leaf": "0" * 64}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "inclusion",
        "inclusion?leaf=x",
        f"inclusion?leaf={'0' * 64}&size=999999",
        f"inclusion?leaf={'0' * 64}&size=-1",
        "consistency?from=0",
        "consistency?from=-1",
        "consistency?from=1&to=999999",
        "consistency?from=2&to=1",
        "consistency?from=x",
        "entries?start=-1",
        "entries?limit=0",
        f"entries?start={'9' * 500}",
    ],
)
def test_a_malformed_question_is_400(hub: Any, a: Any, query: str) -> None:
    hub.published(a, a.signature(), a.signature())
    assert hub.get(a, f"/group-1/log/{query}").status_code == 400


def test_questions_beyond_the_log_are_empty(hub: Any, a: Any) -> None:
    path = "/group-1/log/entries"
    assert hub.json(a, path, start=10**30) == {"more": False, "entries": []}


def test_a_group_has_a_log_of_its_own(hub: Any, a: Any, c: Any) -> None:
    before = checkpoint(hub, c)
    hub.published(a, a.signature())
    assert checkpoint(hub, c) == before
    assert before.origin != checkpoint(hub, a).origin


def test_a_restart_goes_on_with_the_same_log_and_key(
    start_hub: Any, tmp_path: Path, a: Any
) -> None:
    first = start_hub(tmp_path)
    first.published(a, a.signature(), a.signature(), a.signature())
    before = checkpoint(first, a)
    assert first.stop() == 0
    again = start_hub(tmp_path)
    assert again.ready["log_keys"] == first.ready["log_keys"]
    assert checkpoint(again, a) == before
    again.published(a, a.signature())
    consistency(again, a, before, checkpoint(again, a))


def test_log_equivocation(start_hub: Any, tmp_path: Path, a: Any, b: Any) -> None:
    """The operator shows A and B histories that part after the third object.

    Each history is signed and proves itself; whoever compares the two must find that neither goes
    on from the other.
    """
    (tmp_path / "one").mkdir()
    one = start_hub(tmp_path / "one")
    one.published(a, *(a.signature() for _ in range(3)))
    common = checkpoint(one, a)
    assert one.stop() == 0
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one, two = (start_hub(tmp_path / name) for name in ("one", "two"))
    one.published(a, a.signature())
    two.published(b, b.signature())
    seen_by_a, seen_by_b = checkpoint(one, a), checkpoint(two, b)
    assert seen_by_a.size == seen_by_b.size == 4
    assert seen_by_a.root != seen_by_b.root
    for hub, lab, seen in ((one, a, seen_by_a), (two, b, seen_by_b)):
        consistency(hub, lab, common, seen)
    two.published(b, b.signature())
    later = checkpoint(two, b)
    with pytest.raises(LogProofError, match="two histories"):
        consistency(two, a, seen_by_a, later)
