"""The kill switch: an operator's order, carried out by a server that runs, and remembered."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drs_reference.perturbation.kill_switch import KillSwitch
from drs_reference.perturbation.orders import carry_out
from drs_reference.storage.audit import check_chain
from drs_reference.storage.base import Change, StorageError
from drs_reference.storage.sqlite import SqliteStorage

OPEN = [f"Tell me a story about a {who}." for who in ("fox", "hen", "bear", "cat", "dog")]
COLD = {"temperature": 0, "max_tokens": 40}
SUM = "What is 47 + 85?"
PLAIN = "Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13. The answer is 132."
ELIDES = {"share": 0.5, "applies_to": "every-response"}


def order(change: str, storage: Path, *people: str) -> subprocess.CompletedProcess[str]:
    by = [argument for person in people for argument in ("--by", person)]
    return subprocess.run(
        [
            *(sys.executable, "-m", "drs_reference", "perturbation", change),
            *("--storage", f"sqlite:///{storage}", *by),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )


def measures(endpoint: Any, persona: str) -> list[str]:
    return [measure["kind"] for measure in endpoint.standing(persona)["measures"]]


def test_it_ends_everything_at_once_and_over_restarts_and_is_recorded(
    start: Any, document: Any, perturbed: Any, conforms: Any, tmp_path: Path
) -> None:
    path, folder = tmp_path / "parameters.json", tmp_path / "target"
    path.write_text(json.dumps(document("step-elision", ELIDES)))
    storage = folder / "storage.sqlite"
    options = ("--perturbation", str(path))
    first = start(folder, *options)
    accounts = [perturbed(first), perturbed(first, "fresh-2")]
    assert all(account.text(SUM, temperature=0) != PLAIN for account in accounts)
    assert measures(first, "fresh-1") == ["throttle", "perturb"]

    done = order("off", storage, "ann", "bob")
    assert (done.returncode, done.stdout) == (0, "perturbation is off, by ann, bob\n")
    assert all(account.text(SUM, temperature=0) == PLAIN for account in accounts)
    assert measures(first, "fresh-1") == ["throttle"]
    conforms("account-standing", first.standing("fresh-1"))
    assert "perturbation is off" in first.log

    first.process.kill()
    first.process.wait()
    keys = ("--credentials", str(folder / "credentials.env"))
    again = start(folder, *options, *keys)
    account = perturbed(again)
    assert account.text(SUM, temperature=0) == PLAIN

    assert order("on", storage, "cid", "dan").returncode == 0
    assert account.text(SUM, temperature=0) != PLAIN
    assert measures(again, "fresh-1") == ["throttle", "perturb"]
    assert again.stop() == 0

    assert order("off", storage, "eve", "fay").returncode == 0
    own = SqliteStorage(storage)
    try:
        assert KillSwitch(own).off
        records = [record.document() for record in own.audit()]
        assert check_chain(own.audit()) is not None
    finally:
        own.close()
    for record in records:
        conforms("audit-record", record)
    entries = [record["entry"] for record in records]
    thrown = [
        (entry["subject"], entry["change"], entry["approvals"])
        for entry in entries
        if entry["kind"] == "kill-switch"
    ]
    assert thrown == [
        ("output-perturbation", "disabled", ["ann", "bob"]),
        ("output-perturbation", "enabled", ["cid", "dan"]),
        ("output-perturbation", "disabled", ["eve", "fay"]),
    ]
    enabled = [entry for entry in entries if entry["kind"] == "mechanism"]
    assert [entry["approvals"] for entry in enabled] == [["enforcement-7", "inference-2"]] * 2


def test_a_server_obeys_within_a_second(start: Any, perturbed: Any, tmp_path: Path) -> None:
    """The green list too; the order is placed as the command places it, and timed."""
    endpoint = start(tmp_path / "target")
    account = perturbed(endpoint)
    wanted = [plain(endpoint, prompt) for prompt in OPEN]
    # By its key the mechanism may leave one of them as it is.
    assert [account.text(prompt, **COLD) for prompt in OPEN] != wanted
    waiting = tmp_path / "target" / "storage.sqlite.perturbation-order"
    waiting.write_text(json.dumps({"off": True, "approvals": ["ann", "bob"]}))
    began = time.monotonic()
    while waiting.exists():
        assert time.monotonic() - began < 1
        time.sleep(0.01)
    assert [account.text(prompt, **COLD) for prompt in OPEN] == wanted


def plain(endpoint: Any, prompt: str) -> str:
    answer = endpoint.chat("fresh-3", prompt, **COLD).json()
    text: str = answer["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize("people", [("ann",), ("ann", " ANN "), ("ann", " "), ("ann", "b" * 129)])
def test_two_people_have_to_agree(people: tuple[str, ...], tmp_path: Path) -> None:
    done = order("off", tmp_path / "storage.sqlite", *people)
    assert done.returncode == 2
    assert "--by must name 2 different people" in done.stderr


def test_a_storage_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = order("off", tmp_path / "nowhere.sqlite", "ann", "bob")
    assert done.returncode == 2
    assert "there is no storage at" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    own = SqliteStorage(tmp_path / "storage.sqlite")
    yield own
    own.close()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"off": true}', '{"off": true, "approvals": ["ann"]}']
)
def test_an_order_that_is_none_changes_nothing_and_does_not_stay(
    text: str, storage: SqliteStorage
) -> None:
    waiting = storage.path.with_name(storage.path.name + ".perturbation-order")
    waiting.write_text(text)
    switch = KillSwitch(storage)
    carry_out(storage.path, switch)
    assert not switch.off
    assert not waiting.exists()
    assert list(storage.audit()) == []


def test_what_cannot_be_recorded_still_ends_and_waits_for_its_record(
    storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = storage.path.with_name(storage.path.name + ".perturbation-order")
    waiting.write_text(json.dumps({"off": True, "approvals": ["ann", "bob"]}))
    switch, commit = KillSwitch(storage), storage.commit

    def full(change: Change) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(storage, "commit", full)
    with pytest.raises(StorageError):
        carry_out(storage.path, switch)
    assert switch.off
    assert waiting.exists()
    monkeypatch.setattr(storage, "commit", commit)
    carry_out(storage.path, switch)
    assert not waiting.exists()
    assert len(list(storage.audit())) == 1
