"""What a run makes of answers that were lost on the way."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from endpoints import TESTS, Endpoint, Run, drs, probe, serving

# Does what it is asked to and answers 504, to the first of every `every` POSTs that say `text`, and
# to `count` of them at most.
LOSING = """
import pathlib, sys
from drs_reference.gateway.serve import ServeOptions, run
sys.path.insert(0, {tests!r})
from mutants import MUTANTS
from mutants.asgi import answer

async def nobody(message):
    pass

def losing(app):
    seen = lost = 0
    async def wrapped(scope, receive, send):
        nonlocal seen, lost
        first = await receive()
        hit = {text!r} in str(first.get("body"))
        rest = [first]
        async def again():
            return rest.pop() if rest else await receive()
        seen += hit
        if hit and (seen - 1) % {every} == 0 and lost < {count}:
            lost += 1
            await app(scope, again, nobody)
            await answer(send, 504, {{"error": "upstream"}})
        else:
            await app(scope, again, send)
    return wrapped

options = ServeOptions(write_target=pathlib.Path(sys.argv[2]))
mutant = {mutant!r}
alter = MUTANTS[mutant].altered() if mutant else lambda parts: parts
sys.exit(run(options, alter, losing))
"""
# What a clock is advanced by just before perturbation ends, and what every advance says.
JUST_BEFORE, ADVANCE = "172740", "seconds"


def losing(
    folder: Path, text: str, every: int, count: int, mutant: str = ""
) -> contextlib.AbstractContextManager[Endpoint]:
    script = LOSING.format(tests=str(TESTS), text=text, every=every, count=count, mutant=mutant)
    return serving([sys.executable, "-c", script], folder)


def outcome(run: Run, requirement: str) -> dict:
    (found,) = (e["outcome"] for e in run.result["requirements"] if e["id"] == requirement)
    return found


def test_a_check_that_may_have_been_misled_runs_once_more(tmp_path: Path) -> None:
    with losing(tmp_path / "target", JUST_BEFORE, every=1, count=1) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "RSP-08")
    assert run.code == 0, run.stdout
    assert "second run" in outcome(run, "RSP-08")["summary"]
    assert drs("replay", run.folder).code == 0


def test_a_violation_after_a_lost_answer_is_none(tmp_path: Path) -> None:
    with losing(tmp_path / "target", JUST_BEFORE, every=2, count=999) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "RSP-08")
    assert run.code == 3, run.stdout
    found = outcome(run, "RSP-08")
    assert found["verdict"] == "untestable"
    assert "had to be sent 2 times" in found["summary"]
    assert "before the declared" in found["cause"]


def test_walks_whose_steps_may_have_been_taken_twice_prove_nothing(tmp_path: Path) -> None:
    with losing(tmp_path / "target", "burst", every=2, count=999) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "RSP-07")
    assert run.code == 3, run.stdout
    assert "most of the walks" in outcome(run, "RSP-07")["summary"]


@pytest.mark.parametrize(
    "mutant", ["measures-that-never-end", "burst-leads-straight-to-suspension"]
)
def test_one_lost_answer_excuses_nothing(mutant: str, tmp_path: Path) -> None:
    with losing(tmp_path / "target", ADVANCE, every=1, count=1, mutant=mutant) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "RSP-08,RSP-07")
    assert len(run.with_verdict("fail")) == 1, run.stdout


def test_lost_answers_are_censored_observations(tmp_path: Path) -> None:
    mutant = "some-accounts-are-perturbed"
    with losing(tmp_path / "target", "messages", 10, 999, mutant) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "STD-02")
    found = outcome(run, "STD-02")
    assert found["verdict"] == "fail", run.stdout
    assert found["statistics"]["censored"] >= 2
    sent = [record for record in run.records() if record["kind"] == "intent"]
    assert run.result["spent"]["requests"] == len(sent)
