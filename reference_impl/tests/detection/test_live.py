"""Live detection: campaigns show while they run, honest traffic does not, memory is bounded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean

import pytest
from drs_reference.detection.calibrate import SEED, WINDOWS, hourly
from drs_reference.detection.detector import Calibration
from drs_reference.detection.live import CALIBRATION, HOUR, Suspicion, Traffic

START = datetime(2026, 5, 4, tzinfo=UTC)
THRESHOLD = 1 / 0.003
Sent = list[tuple[str, str]]


WORDS = [first + last for first in "bdfgklmnprst" for last in ("ana", "ell", "ino", "ust")]


def work(number: int) -> str:
    return f"Solve this step by step and explain why: {number} boxes of {number:x} pens"


def campaign(accounts: int, rounds: int, first: int = 0) -> Sent:
    """Return what accounts send that divide the questions of one template."""
    rng = Random(accounts)
    names = [f"c-{number}" for number in range(accounts)]
    return [
        (name, work(first + at * accounts + place))
        for at in range(rounds)
        for place, name in enumerate(rng.sample(names, accounts))
    ]


def alarms(traffic: Traffic, sent: Iterable[tuple[str, str]], at: datetime = START) -> list[int]:
    """Return after which requests there was an alarm."""
    calibration, found = Calibration.read(CALIBRATION), []
    for number, (account, prompt) in enumerate(sent, 1):
        shown = traffic.add(account, prompt, at)
        if shown is not None and calibration.e_value(shown.statistic) >= THRESHOLD:
            found.append(number)
            traffic.use_up(shown)
    return found


def test_a_small_campaign_raises_an_alarm_and_another_when_it_goes_on():
    found = alarms(Traffic(), campaign(8, 20))
    assert found[0] <= 8 * 10
    assert found[1] <= 8 * 20


def test_a_campaign_among_people_shows_its_own_accounts_only():
    rng, traffic, calibration = Random(6), Traffic(), Calibration.read(CALIBRATION)
    sent = campaign(8, 12)
    for place in range(0, len(sent), 3):
        sent.insert(place, ("control", f"my own question number {rng.getrandbits(20)}"))
    shown = [traffic.add(account, prompt, START) for account, prompt in sent]
    strong = [s for s in shown if s and calibration.e_value(s.statistic) >= THRESHOLD]
    assert strong
    assert all(name.startswith("c-") for found in strong for name in found.accounts)


@pytest.mark.parametrize(
    "sent",
    [
        campaign(1, 300),
        campaign(4, 100),
        [(f"c-{n % 8}", work(n // 8)) for n in range(400)],
        [(f"c-{n % 8}", " ".join(Random(n).choices(WORDS, k=9))) for n in range(400)],
        [(f"c-{min(n % 9, (n // 9) % 9)}", work(n)) for n in range(400)],
    ],
    ids=["one account", "four accounts", "the same questions", "no template", "unequal amounts"],
)
def test_what_lacks_one_mark_of_a_campaign_raises_no_alarm(sent: Sent):
    assert alarms(Traffic(), sent) == []


def test_an_alarm_uses_up_what_it_rests_on():
    traffic = Traffic()
    shown = next(found for a, p in campaign(8, 12) if (found := traffic.add(a, p, START)))
    traffic.use_up(shown)
    assert alarms(traffic, campaign(8, 1, first=5000)) == []


def test_an_account_that_is_forgotten_counts_no_more():
    traffic = Traffic()
    assert alarms(traffic, campaign(8, 3)) == []
    traffic.forget([f"c-{number}" for number in range(8)] + ["nobody"])
    assert alarms(traffic, campaign(8, 3, first=5000)) == []


def test_an_hour_that_is_over_counts_no_more():
    traffic = Traffic()
    assert alarms(traffic, campaign(8, 3)) == []
    assert alarms(traffic, campaign(8, 3, first=5000), START + HOUR) == []


def test_memory_is_bounded():
    traffic, moment = Traffic(), START
    for number in range(6000):
        moment += timedelta(milliseconds=1)
        traffic.add(f"a-{number % 1500}", f"{number:x} {number * 7:x} words", moment)
    assert len(traffic._senders) == 1000
    assert all(len(sender.kept) <= 32 for sender in traffic._senders.values())
    counted = {name for hub in traffic._hubs.values() for name in hub.by_account}
    assert counted == set(traffic._senders)
    for number in range(100):
        traffic.add("loud", f"question {number}", moment)
    assert len(traffic._senders["loud"].kept) == 32
    assert traffic._senders["loud"].amount == 100


@pytest.mark.parametrize("prompt", ["", "\x00", "\ud800", "?" * 10_000])
def test_any_prompt_is_taken(prompt: str):
    assert Traffic().add("a", prompt, START) is None


def test_scores_of_hours_like_those_of_the_calibration_have_a_mean_of_at_most_one():
    calibration, rng = Calibration.read(CALIBRATION), Random(98)
    scores = [calibration.e_value(hourly(rng, at)) for at in range(150)]
    assert fmean(scores) < 1.5
    assert max(scores) < THRESHOLD


def test_the_calibration_is_that_of_its_seed():
    document = json.loads(CALIBRATION.read_text("utf-8"))
    assert (document["seed"], document["windows"]) == (SEED, WINDOWS)
    rng, part = Random(SEED), WINDOWS // 20
    values = [hourly(rng, at) for at in range(part)]
    assert 0.1 < (fmean(values) * WINDOWS) / document["total"] < 5


def test_the_strongest_of_several_suspicions_is_shown():
    traffic = Traffic()
    shown = [traffic.add(*pair, START) for pair in campaign(8, 12)]
    found = [one for one in shown if one is not None]
    assert all(isinstance(one, Suspicion) and len(one.accounts) >= 5 for one in found)
    assert found[-1].statistic > found[0].statistic
