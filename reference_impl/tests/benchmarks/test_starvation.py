"""The search: candidates say nothing false, attackers undo what can be undone, goals are held."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drs_reference.efficacy.corpus import Response, prompts
from drs_reference.efficacy.tasks import TRACED, conclusion, statements
from drs_reference.model.language import Sample
from hypothesis import given, settings
from hypothesis import strategies as st

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "starvation.py"
KEY = b"0123456789abcdef"
SAMPLES = prompts(7, 200)
TRACES = [sample for sample in SAMPLES if sample.task in TRACED]
FREE = [sample for sample in SAMPLES if sample.task not in TRACED]
clusters = st.text("abc", min_size=1, max_size=3)


def curriculum(stride: int) -> Any:
    from searched.curriculum import CurriculumStarvation

    return CurriculumStarvation(KEY, stride)


def style(kept: float) -> Any:
    from searched.style import StyleSubspaces

    return StyleSubspaces(KEY, kept)


MAKE: list[Callable[[], Any]] = [
    lambda: curriculum(6),
    lambda: curriculum(24),
    lambda: style(0.5),
    lambda: style(0.9),
]


@pytest.mark.parametrize("make", MAKE)
@settings(deadline=None)
@given(sample=st.sampled_from(SAMPLES), cluster=clusters)
def test_what_is_shown_is_true_and_always_the_same(
    make: Callable[[], Any], sample: Sample, cluster: str
) -> None:
    from searched.facts import falsified

    seen = make().shown(sample, sample.answer, cluster)
    assert not falsified(sample, sample.answer, seen)
    assert conclusion(seen) == conclusion(sample.answer)
    assert make().shown(sample, sample.answer, cluster) == seen


@settings(deadline=None)
@given(sample=st.sampled_from(TRACES), data=st.data())
def test_wrong_facts_are_noticed(sample: Sample, data: st.DataObject) -> None:
    from searched.facts import falsified

    # Another operand may make another true equation: 9*5 and 7*5 end in the same digit.
    results = re.finditer(r"(?<==)\d+|\d+(?=\.$)", sample.answer)
    digits = [place for result in results for place in range(*result.span())]
    place = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from(sorted({*"0123456789"} - {sample.answer[place]})))
    lie = sample.answer[:place] + other + sample.answer[place + 1 :]
    assert falsified(sample, sample.answer, lie)


def test_free_text_that_is_no_answer_is_noticed() -> None:
    from searched.facts import falsified

    assert falsified(FREE[0], FREE[0].answer, FREE[0].answer + " no")


@settings(deadline=None)
@given(sample=st.sampled_from(TRACES), data=st.data())
def test_an_attacker_puts_numbers_back_into_the_order_of_the_question(
    sample: Sample, data: st.DataObject
) -> None:
    from searched.forms import commuted, free_choices, normalised

    places = free_choices(sample, sample.answer)
    some = [place for place in places if data.draw(st.booleans())]
    turned = commuted(sample.answer, some)
    assert (turned != sample.answer) == bool(some)
    assert normalised(sample, turned) == sample.answer


def test_beside_each_anchor_two_facts_are_never_explained() -> None:
    found = curriculum(10)
    row = [found.starved("a", ("4", "+", str(right)), "addition") for right in range(10)]
    assert sum(row) == 2
    used = Counter(
        len(statements(curriculum(6).shown(sample, sample.answer, "a"))) == 1 for sample in TRACES
    )
    assert used[True] > 0
    assert used[False] > 0
    other = [curriculum(6).shown(sample, sample.answer, "b") for sample in TRACES]
    assert other != [curriculum(6).shown(sample, sample.answer, "a") for sample in TRACES]
    with pytest.raises(ValueError, match="stride of 3 or more, not 2"):
        curriculum(2)


def test_a_cluster_hears_a_part_of_the_words() -> None:
    heard = Counter(word for one in FREE for word in style(0.5).shown(one, one.answer, "a").split())
    said = Counter(word for one in FREE for word in one.answer.split())
    assert len(heard) < 0.8 * len(said)
    with pytest.raises(ValueError, match="a share above 0"):
        style(0)


def test_a_prompt_has_one_draw_in_a_cluster() -> None:
    from searched.candidate import Unperturbed
    from searched.correlated import CorrelatedSampling

    found, plain = CorrelatedSampling(KEY), Unperturbed()
    here = {found.draw(TRACES[0], "a", account, visit) for account in (0, 1) for visit in (0, 1)}
    assert len(here) == 1
    assert found.draw(TRACES[0], "b", 0, 0) not in here
    assert found.draw(TRACES[1], "a", 0, 0) not in here
    again = {plain.draw(TRACES[0], "a", account, visit) for account in (0, 1) for visit in (0, 1)}
    assert len(again) == 4


def test_attackers_pay_for_what_they_repeat() -> None:
    from searched.attackers import ATTACKERS, TWICE

    for name, attacker in ATTACKERS.items():
        asks = attacker.asks(60)
        assert len(set(asks)) == len(asks) == (120 if name == TWICE else 60)
    full = Response(TRACES[0], TRACES[0].answer)
    short = full.saying(f"The answer is {conclusion(full.text)}.")
    assert ATTACKERS["unlinked, fullest"].treat([short, full, short]) == [full]


def test_an_observer_sees_order_beside_the_question() -> None:
    from searched.attackers import beside_the_question
    from searched.forms import commuted, free_choices

    one = next(s for s in TRACES if s.task == "addition" and free_choices(s, s.answer))
    turned = commuted(one.answer, free_choices(one, one.answer))
    seen = [beside_the_question(Response(one, text)).text for text in (one.answer, turned)]
    assert seen[0] != seen[1]
    assert not any(letter.isdigit() for word in seen[0].split() for letter in word[:1])


def judged(strongest: float, told: float, wrong: int) -> dict[str, Any]:
    from searched.measures import verdict

    scores = {"passive": [0.1], "normalise": [strongest], "twice the harvest": [0.9]}
    undefended = {100: [0.2], 200: [0.4], 400: [0.6], 800: [0.9]}
    found = verdict(scores, undefended, 0.1, {"steps, answer": told}, wrong, 800, 300)
    assert found["strongest"] == "normalise"
    met: dict[str, Any] = found["met"] | {"found": found["found"], "lost": found["gain_lost"]}
    return met


def test_all_three_goals_are_needed() -> None:
    assert judged(0.3, 0.6, 0)["found"]
    assert judged(0.3, 0.6, 0)["lost"]["normalise"] == pytest.approx(0.75)
    assert not judged(0.8, 0.6, 0)["costly"]
    assert not judged(0.3, 0.61, 0)["imperceptible"]
    assert not judged(0.3, 0.6, 1)["truthful"]
    assert not judged(0.3, 0.6, 1)["found"]


def test_every_candidate_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed: the search is NOT run")
    out = tmp_path / "starvation.json"
    command = [sys.executable, str(BENCHMARK), "--quick", "--record", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--out", str(out), "--cache", str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = json.loads(out.read_text("utf-8"))
    names = [row["candidate"] for row in table["candidates"]]
    assert names[0] == "none"
    assert {name.split(",")[0] for name in names} == {
        *("none", "curriculum", "style", "correlated sampling", "gradient targeted"),
    }
    for row in table["candidates"]:
        assert row["wrong_facts"] == 0
        assert row["scores"].keys() >= {"passive", "deduplicate", "majority-vote", "pooled-vote"}
        assert f"| {row['candidate']} | 0 |" in done.stdout
    assert "Meets all three: " in done.stdout
