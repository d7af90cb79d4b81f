"""Runs that are killed, by SIGKILL, and gone on with."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from drs_conformance.cli import main
from drs_conformance.commands.verification import Verification
from drs_conformance.ledger import Exchange, Fault, Ledger, exchanges_of
from drs_conformance.ledger.recording import Recording, utc_now
from drs_conformance.ledger.wire import Received
from drs_conformance.results.events import CheckFinished, Event
from drs_conformance.run import conduct
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.target import load_target
from endpoints import ENVIRONMENT, Endpoint, Run, drs, probe, serving

# Properties, accounts that are brought somewhere, clocks that are moved, and an appeal.
ONLY = "EXP-01,EXP-05,RSP-08,REC-04"
KILLS = [(22, None), (4, 0.005), (14, 0.002), (16, None)]
"""After how many requests each is killed: in flight, or so many seconds after the answer."""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("counting") / "target"
    script = Path(__file__).with_name("counting_endpoint.py")
    with serving([sys.executable, script], folder) as running:
        yield running


@pytest.fixture(scope="module")
def unbroken(counted: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return probe(counted, tmp_path_factory.mktemp("unbroken") / "results", "--only", ONLY)


def arrivals(endpoint: Endpoint) -> list[str]:
    return (endpoint.folder / "arrived").read_text().splitlines()


def killed(endpoint: Endpoint, after: int, delay_s: float | None, *command: str) -> bool:
    """Run a command and kill it at its request number ``after``; tell whether that came first."""
    plan = endpoint.folder / "kill"
    running = subprocess.Popen(
        [sys.executable, "-m", "drs_conformance.cli", *command],
        env={**ENVIRONMENT, **endpoint.credentials},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    number = len(arrivals(endpoint)) + after
    draft = plan.with_name("plan")
    draft.write_text(json.dumps({"pid": running.pid, "number": number, "delay_s": delay_s}))
    os.replace(draft, plan)
    _, errors = running.communicate(timeout=120)
    plan.unlink()
    assert running.returncode in (-9, 0, 3), errors.decode()
    return running.returncode == -9


def survive(
    endpoint: Endpoint, out: Path, kills: list[tuple[int, float | None]]
) -> tuple[Run, int]:
    """Begin a run, kill it as planned, go on each time, and let it end; count the kills."""
    run = ["run", "--target", str(endpoint.target), "--out", str(out), "--seed", "1"]
    command = [*run, "--only", ONLY]
    for number, (after, delay_s) in enumerate(kills):
        if not killed(endpoint, after, delay_s, *command):
            return Run(-1, "", "", out), number
        command = ["resume", str(out)]
    return drs(*command, environment=endpoint.credentials, folder=out), len(kills)


class Censoring(Recording):
    """Loses the answers to some requests, as a kill does, and goes on."""

    lost: Collection[tuple[str, int]] = ()

    def _keep(self, shell: Exchange, received: Received) -> Exchange:
        if (shell.lane, shell.ordinal) not in self.lost:
            return super()._keep(shell, received)
        fault = Fault("censored", "the run was stopped before an answer was kept")
        return replace(shell, received_at=shell.sent_at, fault=fault)


def censored_alike(endpoint: Endpoint, run: Run, lost: Collection[tuple[str, int]], out: Path):
    """Return the verdicts of an unbroken run in which the same answers are lost."""
    header = run.records()[0]
    target = load_target(endpoint.target, endpoint.credentials)
    recording = Censoring(out, target, header["run"], utc_now, version=header["drs_version"])
    recording.lost = lost
    events: list[Event] = []
    conduct(Ledger(recording), load_catalogue(), events.append)
    return {e.requirement: e.verdict for e in events if isinstance(e, CheckFinished)}


def require_sent_once(run: Run, arrived: list[str]) -> list[Exchange]:
    """Require that every intent arrived once, and return those whose answer was lost.

    A run that is killed between the intent and the sending has sent nothing, so what was lost need
    not have arrived.
    """
    exchanges = exchanges_of(run.records())
    expected: Counter[str] = Counter()
    for exchange in exchanges:
        request = exchange.request
        digest = hashlib.sha256(request.body or b"").hexdigest()
        expected[f"{request.method} {request.path} {digest}"] += 1
    lost = [e for e in exchanges if e.fault is not None and e.fault.kind == "censored"]
    came = Counter(arrived)
    assert came <= expected
    assert (expected - came).total() <= len(lost)
    return lost


def require_as_unbroken(
    endpoint: Endpoint, unbroken: Run, out: Path, kills: list[tuple[int, float | None]]
) -> Run:
    """Kill a run as planned, and hold what it came to against an unbroken one."""
    before = len(arrivals(endpoint))
    run, killed_times = survive(endpoint, out, kills)
    resumed = [record for record in run.records() if record["kind"] == "resumed"]
    assert len(resumed) in (killed_times, killed_times - 1), "a kill after the end leaves no trace"
    lost = require_sent_once(run, arrivals(endpoint)[before:])
    expected = unbroken.verdicts()
    if lost:
        places = {(exchange.lane, exchange.ordinal) for exchange in lost}
        expected = censored_alike(endpoint, run, places, out.with_name("censored"))
        assert expected.keys() == unbroken.verdicts().keys()
    assert run.verdicts() == expected
    return run


def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    counted: Endpoint, unbroken: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unbroken.code == 0, unbroken.stdout
    run = require_as_unbroken(counted, unbroken, tmp_path / "results", KILLS)
    assert run.verdicts()["EXP-05"] == "untestable"
    assert run.verdicts()["EXP-01"] == "pass"
    assert main(["resume", str(run.folder)]) == 2
    assert "nothing to go on with" in capsys.readouterr().err
    # Killed after the last record and before the last report.
    last = run.folder / "oscal" / "assessment-results.json"
    last.unlink()
    assert main(["resume", str(run.folder), "--quiet"]) == 3
    assert last.exists()
    verification = Verification(run.folder)
    assert verification.faults == []
    # An answer that a kill loses may block what comes later, and so end the run before the rest.
    assert 2 <= verification.resumed <= len(KILLS)


def test_what_is_not_the_run_that_was_cut_off_is_refused(
    counted: Endpoint, unbroken: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent, and the journal is left as it was."""
    journal = tmp_path / "journal.jsonl"
    lines = (unbroken.folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:20]))
    target = tmp_path / "target.yaml"
    permit = tmp_path / "authorisation.yaml"
    text, permitted = counted.target.read_text(), (counted.folder / permit.name).read_text()
    sent = len(arrivals(counted))
    for changed, allowed, told in (
        (text.replace("model: ", "model: other-"), permitted, "/target/model"),
        (text, permitted.replace("contact: ", "contact: x-"), "/run/authorisation"),
        (f"{text}start: {{command: [serve]}}\n", permitted, "starts its target"),
        (text.replace("max_requests: 16000", "max_requests: 9"), permitted, "from 0 to 9"),
    ):
        target.write_text(changed)
        permit.write_text(allowed)
        arguments = ["resume", tmp_path, "--target", target]
        run = resumed_here(counted, arguments)
        assert run == 2, changed
        assert told in capsys.readouterr().err
    journal.write_bytes(lines[0][:40])
    assert resumed_here(counted, ["resume", tmp_path]) == 2
    assert "no run to resume" in capsys.readouterr().err
    assert len(arrivals(counted)) == sent


def resumed_here(endpoint: Endpoint, arguments: list[str | Path]) -> int:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in endpoint.credentials.items():
            environment.setenv(name, value)
        return main(list(map(str, arguments)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(25))
def test_kills_at_random_points(
    seed: int, counted: Endpoint, unbroken: Run, tmp_path: Path
) -> None:
    """Two kills each; before the answer, or up to 30 ms after it, which is anywhere."""
    chance = random.Random(seed)
    kills = [
        (chance.randint(1, 60), None if chance.random() < 0.3 else chance.uniform(0, 0.03))
        for _ in range(2)
    ]
    run = require_as_unbroken(counted, unbroken, tmp_path / "results", kills)
    assert Verification(run.folder).faults == []
