"""The detector: campaigns stand out, honest traffic does not, and scores are e-values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean

import pytest
from drs_reference.detection.calibrate import SEED, WINDOWS
from drs_reference.detection.clusters import find_clusters
from drs_reference.detection.detector import CALIBRATION, Calibration, Detector, statistic
from drs_reference.detection.fingerprints import fingerprints
from drs_reference.detection.population import benign_window
from drs_reference.detection.windows import Activity, Link, Request, Window, read_window

START = datetime(2026, 5, 4, tzinfo=UTC)


def crew(count: int, each: int, *, payments: int) -> tuple[Activity, ...]:
    """Return accounts that divide the questions of one template, at any hour."""
    rng = Random(4)
    return tuple(
        Activity(
            f"c-{number}",
            (Link("payment", f"pay-{number % payments}"),),
            tuple(
                Request(
                    START + timedelta(hours=rng.uniform(0, 168)),
                    f"Write a hard question on {rng.getrandbits(30):x} and then its solution",
                )
                for _ in range(each)
            ),
        )
        for number in range(count)
    )


def test_prompts_of_one_template_share_fingerprints_and_others_do_not():
    one = set(fingerprints("Solve the task and show every step: how many pens are left?"))
    other = set(fingerprints("Solve the task and show every step: which coin is the false one?"))
    assert one & other
    assert not one & set(fingerprints("my cat does not eat, what can I do about it"))


@pytest.mark.parametrize("text", ["", "   ", "...", "\x00"])
def test_a_prompt_without_words_has_no_fingerprint(text: str):
    assert fingerprints(text) == ()


def test_numbers_make_no_difference():
    assert fingerprints("item 17 of 20, please") == fingerprints("item 38 of 41, please")


@pytest.mark.parametrize("each", [28, 182])
def test_a_campaign_is_flagged_among_people(each: int):
    people = benign_window(Random(8), 0).accounts
    score = Detector().score(Window("w", (*people, *crew(60, each, payments=6))))
    cluster, e_value = score.clusters[0]
    assert e_value > 1 / 0.003
    assert sum(name.startswith("c-") for name in cluster.accounts) >= 30
    assert all(name.startswith("c-") for name in cluster.accounts)


def test_no_account_is_in_two_clusters():
    for at in range(20):
        found = find_clusters(benign_window(Random(at), at))
        names = [name for cluster in found for name in cluster.accounts]
        assert len(set(names)) == len(names)


def test_scores_of_windows_like_those_of_the_calibration_have_a_mean_of_at_most_one():
    """Fresh windows: 300 of them, whose mean has a standard error of about 0.06."""
    detector, rng = Detector(), Random(99)
    scores = [detector.score(benign_window(rng, at)).e_value for at in range(300)]
    assert fmean(scores) < 1.3
    assert max(scores) < 1 / 0.003


def test_the_calibration_is_that_of_its_seed():
    """A twentieth of the windows, so that nobody waits a minute."""
    document = json.loads(CALIBRATION.read_text("utf-8"))
    assert (document["seed"], document["windows"]) == (SEED, WINDOWS)
    rng, part = Random(SEED), WINDOWS // 20
    values = [statistic(find_clusters(benign_window(rng, at))) for at in range(part)]
    assert 0.3 < (fmean(values) * WINDOWS) / document["total"] < 3


def test_a_score_is_at_most_one_more_than_the_windows_of_the_calibration():
    calibration = Calibration(10, 30.0)
    assert calibration.e_value(0) == 0
    assert calibration.e_value(3.0) == pytest.approx(1.0)
    assert calibration.e_value(1e300) == pytest.approx(11)


def test_a_name_that_stands_twice_is_one_account():
    request = {"at": "2026-01-01T00:00:60Z", "prompt": "Hello"}
    entry = {"account": "a", "links": [], "requests": [request]}
    window = read_window(
        {
            "drs_version": "0.1",
            "window": "w",
            "data": "test",
            "from": "2026-01-01T00:00:00Z",
            "to": "2026-01-08T00:00:00Z",
            "accounts": [entry, entry],
        }
    )
    assert [len(account.requests) for account in window.accounts] == [2]


EXAMPLES = Path(__file__).parents[3] / "schemas/0.1/examples"


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("valid/score-request/*")), ids=lambda p: p.stem
)
def test_what_the_schema_takes_is_read(path: Path):
    document = json.loads(path.read_text("utf-8"))
    assert len(read_window(document).accounts) == len(document["accounts"])


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("invalid/score-request/*")), ids=lambda p: p.stem
)
def test_what_the_schema_refuses_is_refused(path: Path):
    with pytest.raises(ValueError, match="expected"):
        read_window(json.loads(path.read_text("utf-8"))["instance"])
