"""Examples are drawn from the seed, before anything is sent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import drs_conformance
import pytest
from drs_conformance.specification.registries import load_registry
from drs_conformance.traffic.prompts import prompts
from drs_conformance.traffic.requests import chat_requests, draw
from drs_conformance.traffic.walks import ladder_walks
from hypothesis import given
from hypothesis import strategies as st

REQUESTS = chat_requests(alternatives_max=5, choices_max=4, streaming=True)


def test_the_same_key_draws_the_same() -> None:
    assert draw(REQUESTS, 20, 7) == draw(REQUESTS, 20, 7)
    assert draw(REQUESTS, 20, 7) != draw(REQUESTS, 20, 8)
    assert len(draw(REQUESTS, 20, 7)) == 20


def test_ctrl_c_waits_for_the_end_of_a_draw() -> None:
    drawn: list[int] = []

    def interrupted(example: int) -> int:
        drawn.append(example)
        if len(drawn) == 1:
            signal.raise_signal(signal.SIGINT)
        return example

    with pytest.raises(KeyboardInterrupt):
        draw(st.integers(0, 99).map(interrupted), 5, 7)
    assert len(drawn) > 1


def test_the_environment_changes_nothing() -> None:
    """Hypothesis has settings of its own where CI is set."""
    program = (
        "from drs_conformance.traffic.requests import *; "
        "print(draw(chat_requests(alternatives_max=5, choices_max=4, streaming=True), 9, 3))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**{k: v for k, v in os.environ.items() if k != "CI"}, **extra},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for extra in ({}, {"CI": "true"})
    }
    assert len(printed) == 1


def test_neither_other_modules_nor_the_place_of_installation_change_what_is_drawn(
    tmp_path: Path,
) -> None:
    """Hypothesis would draw constants of modules that are not installed, and store them."""
    program = (
        "import many\n"
        "from drs_conformance.traffic.requests import *\n"
        "print([draw(chat_requests(alternatives_max=5, choices_max=4, streaming=True), 9, key)"
        " for key in range(9)])"
    )
    package = Path(drs_conformance.__file__).parent
    installed = tmp_path / "site-packages"
    shutil.copytree(package, installed / package.name)
    printed, extra = set(), tmp_path / "extra"
    for place, numbers in ((package.parent, range(0)), (installed, range(10**5, 10**6, 999))):
        here = tmp_path / f"run-{len(numbers)}"
        here.mkdir()
        extra.mkdir(exist_ok=True)
        (extra / "many.py").write_text(f"NUMBERS = {list(numbers)}")
        done = subprocess.run(
            [sys.executable, "-B", "-c", program],
            env={**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{extra}"},
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
        printed.add(done.stdout)
        assert not list(here.iterdir())
    assert len(printed) == 1


@given(REQUESTS)
def test_requests_stay_within_the_bounds(request) -> None:
    assert 0 <= (request.top_logprobs or 0) <= 5
    assert 1 <= (request.n or 1) <= 4
    assert 1 <= request.max_tokens <= 6


def test_without_log_probabilities_none_are_asked_for() -> None:
    plain = chat_requests(alternatives_max=0, choices_max=1, streaming=False)
    for request in draw(plain, 30, 1):
        assert not request.logprobs
        assert request.top_logprobs is None
        assert not request.stream


def test_a_draw_covers_what_it_is_for() -> None:
    """Thirty requests show both forms, every number of alternatives and several choices."""
    for key in range(5):
        drawn = draw(REQUESTS, 30, key)
        assert {request.stream for request in drawn} == {True, False}
        assert len({request.top_logprobs for request in drawn}) >= 4
        assert any((request.n or 1) > 1 for request in drawn)


@given(prompts())
def test_prompts_are_everyday_text(prompt: str) -> None:
    assert 10 < len(prompt) < 200
    assert not {"drs", "probe", "test", "conformance"} & set(prompt.lower().split())


KINDS = [entry["id"] for entry in load_registry("evidence-kinds")["entries"]]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@given(data=st.data())
def test_walks_together_show_every_kind_at_every_step_of_the_climb(count: int, data) -> None:
    walks = data.draw(ladder_walks(KINDS, (60,), count))
    assert len(walks) == count
    for step in range(3):
        assert {kind for walk in walks for kind in walk[step].kinds} == set(KINDS)
