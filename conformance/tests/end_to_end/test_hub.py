"""The reference hub passes, mutants of it do not, and runs are replayed without keys."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from drs_conformance.specification.schemas import problems
from endpoints import Endpoint, Run, drs, mutant, probe, serving
from mutants import MUTANTS

HUB = {f"XCH-0{number}" for number in range(1, 7)}
RARE = [one.name for one in MUTANTS.values() if one.hub and one.rare]


@contextlib.contextmanager
def hub(folder: Path) -> Iterator[Endpoint]:
    with serving([sys.executable, "-m", "drs_reference", "hub"], folder) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("hub")
    with hub(folder / "target") as endpoint:
        run = probe(endpoint, folder / "results", "--profile", "full")
        keys = [value for name, value in endpoint.credentials.items() if name.endswith("_KEY")]
    kept = b"".join(path.read_bytes() for path in run.files().values())
    assert len(keys) == 4
    assert not [key for key in [*keys, *endpoint.credentials.values()] if key.encode() in kept]
    return run


def test_it_passes_without_a_class_being_named(ran: Run) -> None:
    assert ran.code == 0, ran.stdout + ran.stderr
    assert ran.verdicts() == dict.fromkeys(HUB, "pass")


def test_what_it_leaves_follows_the_schemas(ran: Run) -> None:
    assert not problems("result", ran.result)
    records = ran.records()
    assert {"signed", "clock", "intent"} <= {record["kind"] for record in records}
    assert [found for record in records for found in problems("journal-record", record)] == []


def test_it_is_replayed_without_a_key(ran: Run) -> None:
    done = drs("replay", ran.folder)
    assert done.code == 0, done.stdout + done.stderr
    assert "byte for byte" in " ".join(done.stdout.split())


def test_a_signature_of_something_else_is_no_replay(ran: Run, tmp_path: Path) -> None:
    from drs_conformance.ledger import Ledger, ReplayDiverged

    ledger = Ledger.replay(ran.folder)
    first = next(record for record in ran.records() if record["kind"] == "signed")
    with pytest.raises(ReplayDiverged, match="of something else"):
        ledger.sign(first["lane"], first["kid"], b"what the run did not sign")


@pytest.mark.parametrize("name", RARE)
def test_what_goes_wrong_on_few_inputs_is_found(name: str, tmp_path: Path) -> None:
    with mutant(name, tmp_path / "target") as endpoint:
        run = probe(endpoint, tmp_path / "results", "--profile", "full")
    assert run.with_verdict("fail") == MUTANTS[name].breaks, run.stdout
    assert set(run.verdicts()) == HUB


def test_a_provider_is_no_hub(tmp_path: Path, endpoint: Endpoint) -> None:
    run = probe(endpoint, tmp_path / "results", "--class", "hub")
    assert set(run.verdicts().values()) == {"untestable"}
    assert "the target file names no hub" in run.stdout


def test_a_hub_is_no_provider(tmp_path: Path) -> None:
    with hub(tmp_path / "target") as endpoint:
        run = probe(endpoint, tmp_path / "results", "--class", "provider", "--only", "EXP-01")
    assert run.code == 3, run.stdout
    assert not run.with_verdict("harness-error"), run.stdout


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.mkdir(mode=0o700)
    with hub(tmp_path / "target") as endpoint:
        whole = probe(endpoint, tmp_path / "whole", "--only", "XCH-04")
        lines = (whole.folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
        signed = [number for number, line in enumerate(lines) if b'"kind":"signed"' in line]
        kept = lines[: signed[len(signed) // 2] + 1]
        (cut / "journal.jsonl").write_bytes(b"".join(kept))
        done = drs("resume", cut, environment=endpoint.credentials, folder=cut)
    assert done.code == 0, done.stdout + done.stderr
    assert drs("replay", cut).code == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "name --members and --storage, or a folder with --write-target"),
        (("--write-target", "here", "--storage", "sqlite:///hub.sqlite"), "leave out those given"),
        (("--write-target", "there"), "holds a hub already"),
    ],
)
def test_what_cannot_be_served_is_said(
    options: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "members.json").touch()
    done = subprocess.run(
        [sys.executable, "-m", "drs_reference", "hub", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("DRS_CONTROL_KEY", "zz" * 32), "private Ed25519 key, 32 bytes in hexadecimal"),
        (("DRS_PEER_KEY", ""), "private Ed25519 key, 32 bytes in hexadecimal"),
    ],
)
def test_a_key_that_is_none_is_refused(
    change: tuple[str, str], reason: str, tmp_path: Path
) -> None:
    with hub(tmp_path / "target") as endpoint:
        environment = {**os.environ, **endpoint.credentials, change[0]: change[1]}
        arguments = ("run", "--target", endpoint.target, "--out", tmp_path / "results")
        run = drs(*arguments, environment=environment)
    assert run.code == 2
    assert reason in run.stderr.replace("\n", " ")
    assert change[1] == "" or change[1] not in run.stderr
