"""The battery that asks for withheld reasoning."""

from __future__ import annotations

import re
from random import Random

from drs_conformance.traffic.elicitation import KINDS, Asked, Question, battery

EARLIER = [(Question("What is 20 + 30?", 50), "It is 50.")]


def drawn(seed: int, count: int = 30, *, streaming: bool = True, most: int = 5) -> list[Asked]:
    return battery(Random(seed), KINDS, count, EARLIER, streaming=streaming, alternatives_max=most)


def test_a_seed_gives_the_same_battery_and_another_seed_another() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_battery_takes_every_way_in_every_form() -> None:
    requests = [asked.request for asked in drawn(1)]
    assert len({request.messages for request in requests}) == 30
    assert {request.stream for request in requests} == {True, False}
    assert {request.logprobs for request in requests} == {True, False}
    assert any(request.messages[0][0] == "system" for request in requests)
    assert any(request.schema for request in requests)
    assert any(request.tools for request in requests)
    assert any(asked.goes_on for asked in drawn(1))
    text = " ".join(text for request in requests for _, text in request.messages)
    for word in ("base64", "rot13", "backwards", "JSON", "Debug mode", "teacher", "word for word"):
        assert word in text


def test_it_stays_within_what_the_surface_has() -> None:
    for asked in drawn(3, 60, streaming=False, most=0):
        assert not asked.request.stream
        assert not asked.request.logprobs


def test_nothing_announces_a_probe() -> None:
    for seed in range(20):
        for asked in drawn(seed):
            text = " ".join(text for _, text in asked.request.messages).lower()
            assert not re.search(r"\bdrs\b|conformance|probe|test", text)
