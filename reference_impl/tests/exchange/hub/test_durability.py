"""Nothing acknowledged is lost (XCH-04): the hub is killed while members publish."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.log.checkpoint import Checkpoint, LogKey, opened
from drs_reference.exchange.log.merkle import Tree, check_consistency, leaf_hash

ALTERED = """
UPDATE object SET body = CAST(replace(CAST(body AS TEXT), ':85,', ':86,') AS BLOB) WHERE idx = 0
"""


def publish_until_killed(hub: Any, lab: Any, acknowledged: list[dict[str, Any]]) -> None:
    """One object after another, until the hub answers no more."""
    while True:
        document = lab.signature()
        try:
            answer = hub.post(lab, document)
        except httpx.TransportError:
            return
        assert answer.json()["success_count"] == 1
        acknowledged.append(document)


def checked(hub: Any, lab: Any, before: Checkpoint | None) -> tuple[Checkpoint, list[Any]]:
    """The checkpoint now and all entries; they fit each other and the checkpoint before."""
    key = LogKey.parse(hub.ready["log_keys"]["group-1"])
    now = opened(hub.get(lab, "/group-1/log/checkpoint").text, key)
    entries: list[Any] = []
    more = True
    while more:
        page = hub.json(lab, "/group-1/log/entries", start=len(entries), limit=100)
        entries += page["entries"]
        more = page["more"]
    leaves = [leaf_hash(canonical(entry["object"])) for entry in entries]
    assert (now.size, now.root) == (len(leaves), Tree(leaves).root())
    if before is not None and before.size:
        params = {"from": before.size, "to": now.size}
        proof = hub.json(lab, "/group-1/log/consistency", **params)["proof"]
        steps = [bytes.fromhex(step) for step in proof]
        check_consistency(before.size, now.size, steps, before.root, now.root)
    added = [entry["date_added"] for entry in entries]
    assert added == sorted(set(added))
    return now, [entry["object"] for entry in entries]


def lost(acknowledged: list[Any], held: list[Any]) -> list[Any]:
    by_id = {document["id"]: document for document in held}
    return [document for document in acknowledged if by_id.get(document["id"]) != document]


def kill_often(start_hub: Any, folder: Path, labs: tuple[Any, Any], kills: int) -> None:
    chance = random.Random(kills)
    acknowledged: list[dict[str, Any]] = []
    seen: Checkpoint | None = None
    for _ in range(kills):
        hub = start_hub(folder)
        seen, held = checked(hub, labs[0], seen)
        assert lost(acknowledged, held) == []
        senders = [
            threading.Thread(target=publish_until_killed, args=(hub, lab, acknowledged))
            for lab in labs
        ]
        before = len(acknowledged)
        for sender in senders:
            sender.start()
        while len(acknowledged) == before:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.5))
        hub.kill()
        for sender in senders:
            sender.join()
    hub = start_hub(folder)
    _, held = checked(hub, labs[0], seen)
    assert lost(acknowledged, held) == []
    # What was written but not acknowledged is at most what was on the way at each kill.
    assert len(held) - len(acknowledged) <= kills * len(labs)
    assert hub.stop() == 0


def test_kill_loses_nothing_acknowledged(start_hub: Any, tmp_path: Path, a: Any, b: Any) -> None:
    """Three kills at random moments; every acknowledged object is there and the log verifies."""
    kill_often(start_hub, tmp_path, (a, b), 3)


@pytest.mark.long
def test_fifty_kills_lose_nothing_acknowledged(
    start_hub: Any, tmp_path: Path, a: Any, b: Any
) -> None:
    """Fifty kills."""
    kill_often(start_hub, tmp_path, (a, b), 50)


def test_an_altered_storage_is_not_served(start_hub: Any, tmp_path: Path, a: Any) -> None:
    """A byte of an object changes on the disk; the hub must not go on as if it had signed that."""
    hub = start_hub(tmp_path)
    hub.published(a, a.signature(), a.signature())
    assert hub.stop() == 0
    with sqlite3.connect(tmp_path / "hub.sqlite") as storage:
        storage.execute(ALTERED)
    storage.close()
    command = [sys.executable, "-m", "drs_reference", *hub.process.args[3:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "not the one that was last written" in done.stderr
