"""Somebody else's teacher, for which the reference endpoint stands in, over real HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from drs_reference.cli import main
from drs_reference.efficacy import corpus
from drs_reference.efficacy.attacks import ATTACKS
from drs_reference.efficacy.command import run
from drs_reference.efficacy.conditions import CONDITIONS
from drs_reference.efficacy.endpoint import serving
from drs_reference.efficacy.foreign import BOUND_REACHED
from drs_reference.efficacy.foreign_file import ForeignCondition, ForeignError, ForeignTeacher
from drs_reference.efficacy.foreign_harvest import gather, slots
from drs_reference.efficacy.foreign_journal import BoundReachedError, ForeignJournal, Said
from drs_reference.efficacy.harvest import Plan
from drs_reference.efficacy.options import EfficacyOptions
from drs_reference.efficacy.student import Recipe
from drs_reference.efficacy.tasks import TRACED, solved
from drs_reference.model.decoding import SHIPPED_WEIGHTS
from raw_server import Answers, RawServer

MODEL = "drs-reference-1"
TINY = Recipe(width=32, layers=1, hidden=32, base_iterations=2, rows=2, epochs=1)
PLAN = Plan(8)
TODAY = datetime.now(UTC).date()
SECRET = "sk-0123456789-secret"


def teacher(url: str, keys: dict[str, str], requests: int = 100) -> ForeignTeacher:
    conditions = (
        ForeignCondition("good", ("CONTROL",), baseline=True),
        ForeignCondition("perturbed", ("PERTURBED",)),
    )
    return ForeignTeacher(
        url, MODEL, "a test", TODAY, requests, 2, conditions, instruction="", keys=keys
    )


@dataclass(frozen=True)
class Provider:
    """An endpoint in a process of its own, and the keys of accounts there."""

    base_url: str
    good: str
    perturbed: tuple[str, ...]

    @property
    def keys(self) -> dict[str, str]:
        return {"CONTROL": self.good, "PERTURBED": self.perturbed[0]}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """The reference endpoint, where ordinary accounts are perturbed and not throttled."""
    with serving(CONDITIONS["green list 2"], 0, SHIPPED_WEIGHTS, 2) as found:
        yield Provider(found.url.removesuffix("/chat/completions"), found.control, found.keys)


def sent(path: Path) -> list[str]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [line["sending"] for line in lines if "sending" in line]


def test_a_harvest_stops_at_the_bound_and_goes_on_where_it_stopped(
    provider: Provider, tmp_path: Path
) -> None:
    path, wanted = tmp_path / "harvest.jsonl", slots("good", PLAN, 0)
    one = teacher(provider.base_url, provider.keys, requests=5)
    with ForeignJournal.opened(path, {}, 5) as journal:
        assert gather(one, journal, wanted) == "the bound of 5 requests is reached"
        assert len(journal.said) == 5
    with ForeignJournal.opened(path, {}, 5) as journal:
        assert gather(one, journal, wanted) == "the bound of 5 requests is reached"
    assert len(sent(path)) == 5
    with ForeignJournal.opened(path, {}, 8) as journal:
        assert gather(replace(one, requests_max=8), journal, wanted) is None
        assert gather(replace(one, requests_max=8), journal, wanted) is None
        texts = [journal.said[slot.name].text for slot in wanted]
    assert sorted(sent(path)) == sorted(slot.name for slot in wanted)
    asked = corpus.prompts(0, PLAN.prompts)
    right = [solved(s, text) for s, text in zip(asked, texts, strict=True) if s.task in TRACED]
    assert sum(right) >= 0.8 * len(right)
    for key in provider.keys.values():
        assert key not in path.read_text("utf-8")


def test_accounts_take_turns_and_steps_can_be_begun(provider: Provider, tmp_path: Path) -> None:
    keys = {"CONTROL": provider.perturbed[0], "OTHER": provider.perturbed[1]}
    one = replace(
        teacher(provider.base_url, keys),
        conditions=(ForeignCondition("good", ("CONTROL", "OTHER")),),
        instruction="Be brief.",
    )
    wanted = slots("good", ATTACKS["prefill"].plan(4), 0)
    with ForeignJournal.opened(tmp_path / "h", {}, 9) as journal:
        assert gather(one, journal, wanted) is None
        texts = [journal.said[slot.name].text for slot in wanted]
    traced = [s.task in TRACED for s in corpus.prompts(0, 4)]
    assert all("=" in text for text, steps in zip(texts, traced, strict=True) if steps)


def test_nothing_is_sent_after_the_last_day(provider: Provider, tmp_path: Path) -> None:
    one = replace(
        teacher(provider.base_url, provider.keys), authorised_until=TODAY - timedelta(days=1)
    )
    with ForeignJournal.opened(tmp_path / "h", {}, 9) as journal:
        stopped = gather(one, journal, slots("good", PLAN, 0))
        assert stopped is not None
        assert "nothing is sent" in stopped
        assert journal.sent == 0


def test_a_wrong_key_is_said_without_the_key(provider: Provider, tmp_path: Path) -> None:
    one = teacher(provider.base_url, {"CONTROL": SECRET, "PERTURBED": SECRET})
    with ForeignJournal.opened(tmp_path / "h", {}, 9) as journal:
        with pytest.raises(ForeignError, match=r"for condition 'good', seed 0, .*got status 401"):
            gather(one, journal, slots("good", PLAN, 0))
        assert journal.sent <= 2


@contextmanager
def served(*script: Any) -> Iterator[RawServer]:
    server = RawServer(list(script))
    yield server
    server.stop()


def answer(text: str) -> Any:
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": text}}
    return Answers.response(json.dumps({"choices": [choice]}).encode())


REFUSED = {"index": 0, "finish_reason": "stop", "message": {"content": None, "refusal": "No."}}
AGAIN = Answers.response(b"busy", 503, (("Retry-After", "0"),))


@pytest.mark.parametrize(
    ("answers", "said", "requests"),
    [
        ([AGAIN, AGAIN, answer("seven")], Said("seven"), 3),
        ([Answers.reset, answer("seven")], Said("seven"), 2),
        ([answer(f"you are {SECRET}")], Said("you are (the key)"), 1),
        ([answer("x" * 10**5)], Said("x" * 4000), 1),
        (
            [Answers.response(json.dumps({"choices": [REFUSED]}).encode())],
            Said("No.", declined=True),
            1,
        ),
    ],
)
def test_every_request_counts(
    tmp_path: Path, answers: list[Any], said: Said, requests: int
) -> None:
    with served(*answers) as server, ForeignJournal.opened(tmp_path / "h", {}, 9) as journal:
        one = replace(
            teacher(f"{server.root}/v1", {"CONTROL": SECRET, "PERTURBED": SECRET}),
            concurrency_max=1,
        )
        (slot,) = slots("good", Plan(1), 0)
        assert gather(one, journal, [slot]) is None
        assert journal.said == {slot.name: said}
        assert journal.sent == requests


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (Answers.response(b"", 302, (("Location", "http://127.0.0.1:1/"),)), "status 302"),
        (Answers.response(b"[]"), "status 200: the body must be a JSON object"),
        (Answers.response(b'{"choices": []}'), "choices must be an array of at least one choice"),
        (Answers.response(b" " * (2 << 20)), "status 200: a body of more than 1048576 bytes"),
        (Answers.response(b"wait", 429, (("Retry-After", "3600"),)), "status 429: wait"),
        (Answers.echo, r"finish_reason|choices"),
    ],
)
def test_what_is_no_chat_completion_ends_the_harvest(tmp_path: Path, wrong: Any, got: str) -> None:
    with (
        served(*[wrong] * 4) as server,
        ForeignJournal.opened(tmp_path / "h", {}, 1) as journal,
    ):
        one = replace(
            teacher(f"{server.root}/v1", {"CONTROL": SECRET, "PERTURBED": SECRET}),
            concurrency_max=1,
        )
        with pytest.raises(ForeignError, match=got) as caught:
            gather(one, journal, slots("good", Plan(1), 0))
        assert SECRET not in str(caught.value)


def test_a_journal_survives_a_kill_and_belongs_to_one_teacher_and_one_run(tmp_path: Path) -> None:
    path, (first, second) = tmp_path / "harvest.jsonl", slots("good", Plan(2), 0)
    with ForeignJournal.opened(path, {"model": "a"}, 3) as journal:
        journal.sending(first)
        journal.keep(first, Said("kept"))
        journal.sending(second)
        with (
            pytest.raises(ForeignError, match="in use by another run"),
            ForeignJournal.opened(path, {"model": "a"}, 3),
        ):
            pass
    with path.open("a", encoding="utf-8") as file:
        file.write('{"got": "half a li')
    with ForeignJournal.opened(path, {"model": "a"}, 3) as journal:
        assert (journal.sent, journal.said) == (2, {first.name: Said("kept")})
        journal.sending(second)
        with pytest.raises(BoundReachedError):
            journal.sending(second)
    with (
        pytest.raises(ForeignError, match="with model 'a', now 'b' is asked for"),
        ForeignJournal.opened(path, {"model": "b"}, 3),
    ):
        pass
    path.write_text("what is this\n", "utf-8")
    with (
        pytest.raises(ForeignError, match="line 1: expected a line of a harvest"),
        ForeignJournal.opened(path, {"model": "a"}, 3),
    ):
        pass


def written(path: Path, url: str, requests: int, **members: Any) -> Path:
    document = {
        "base_url": url,
        "model": MODEL,
        "authorised_by": "a test",
        "authorised_until": str(TODAY),
        "requests_max": requests,
        "concurrency_max": 2,
        "instruction": "",
        "conditions": [
            {"name": "good", "key_variables": ["LAB_GOOD"], "baseline": True},
            {
                "name": "perturbed",
                "key_variables": ["LAB_PERTURBED"],
                "attacks": ["deduplicate", "majority-vote"],
                "mechanism": "green-list-watermark",
            },
        ],
    }
    path.write_text(json.dumps(document | members), "utf-8")
    return path


@pytest.fixture
def options(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EfficacyOptions:
    pytest.importorskip("torch", reason="torch is not installed: the lab is NOT run")
    monkeypatch.setenv("LAB_GOOD", provider.good)
    monkeypatch.setenv("LAB_PERTURBED", provider.perturbed[0])
    return EfficacyOptions(
        out=tmp_path / "out",
        samples=24,
        seeds=1,
        questions=2,
        cache=tmp_path / "cache",
        recipe=TINY,
        foreign=tmp_path / "teacher.json",
    )


def test_the_lab_with_a_foreign_teacher(
    options: EfficacyOptions,
    provider: Provider,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = options.foreign
    assert path is not None
    # 48 answers as they come; the vote takes 24 more, for which there is no room at first.
    written(path, provider.base_url, 50)
    assert run(options) == BOUND_REACHED
    said = capsys.readouterr().out
    assert "72 of 72 answers are to be asked for; 0 of 50 requests were sent" in said
    assert "stopped: the bound of 50 requests is reached. 1 of 6 students lack answers" in said
    assert said.count("student ") == 5
    written(path, provider.base_url, 72)
    assert run(options) == 0
    said = capsys.readouterr().out
    assert "22 of 72 answers" in said
    assert said.count("student ") == 1
    assert len(sent(options.out / "harvest.jsonl")) == 72
    rows = [line for line in said.splitlines() if line.startswith(("| good", "| perturbed"))]
    assert [row.count("not available") for row in rows] == [3, 3]
    found = json.loads((options.out / "foreign-perturbed.json").read_text("utf-8"))
    assert found["mechanism"] == "green-list-watermark"
    assert {one["attack"] for one in found["adaptive"]} == {"deduplicate", "majority-vote"}
    assert found["multipliers"]["strongest"]["factor"]["estimate"] > 0
    assert {one["observer"] for one in found["observers"]} == {"keyless"}
    unknown = {
        "false_statements_added",
        "divergence_nats_per_response",
        "key_holder",
        "recognition",
    }
    assert set(found["not_available"]) == unknown
    assert {found[name] for name in unknown} == {"not available"}
    assert "proof" not in found
    good = json.loads((options.out / "foreign-good.json").read_text("utf-8"))
    assert good["utility_loss_points"] == "not available"
    for file in options.out.rglob("*.json*"):
        assert os.environ["LAB_PERTURBED"] not in file.read_text("utf-8")


def test_one_condition_alone_has_scores_and_nothing_beside_them(
    options: EfficacyOptions, provider: Provider
) -> None:
    path = options.foreign
    assert path is not None
    only = {"name": "any", "key_variables": ["LAB_GOOD"], "attacks": []}
    written(path, provider.base_url, 8, conditions=[only])
    assert run(replace(options, samples=8, jobs=1)) == 0
    # The answers are there: once the last day has passed they may still be learnt from.
    written(path, provider.base_url, 8, conditions=[only], authorised_until="2026-01-01")
    assert run(replace(options, samples=8, jobs=1)) == 0
    found = json.loads((options.out / "foreign-any.json").read_text("utf-8"))
    assert [arm["samples"] for arm in found["passive"]] == [2, 4, 8]
    assert found["not_available"].keys() >= {"multipliers.passive", "observers", "undefended"}
    assert "not available" in (options.out / "efficacy.md").read_text("utf-8")


def test_what_cannot_be_measured_is_not_asked_for(
    options: EfficacyOptions,
    provider: Provider,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = options.foreign
    assert path is not None
    written(path, provider.base_url, 47)
    assert run(options) == 2
    assert "requests_max must allow the 48 further answers" in capsys.readouterr().err
    assert sent(options.out / "harvest.jsonl") == []
    written(path, provider.base_url, 72, authorised_until="2026-01-01")
    assert main(["efficacy", "--foreign", str(path), "--out", str(tmp_path / "other")]) == 2
    assert "nothing is sent" in capsys.readouterr().err
    assert sent(tmp_path / "other" / "harvest.jsonl") == []
    assert run(replace(options, conditions=("none",))) == 2
    assert "leave --conditions out" in capsys.readouterr().err
