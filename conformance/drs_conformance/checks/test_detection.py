"""Checks of the chapter Detection (DET): live campaigns, and the score hook."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from drs_conformance.checks.auditor_hooks import AUDITOR, expect_auditors_only
from drs_conformance.checks.bounds import declared_bound
from drs_conformance.checks.campaigns import Look, campaigns, honest_spells, require_egress_groups
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Violation, expect, requirement
from drs_conformance.checks.scores import Scored, benign_windows, score, windows
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.score_requests import score_requests
from drs_conformance.traffic.windows import campaign, one_address

CAMPAIGN = {"accounts": 100, "a_day": 26}
SCORE_MAX = 4.0
"""Larger scores count as this one: what is unbounded cannot be bounded by samples."""
SPAN = SCORE_MAX - 1


@requirement("DET-09")
def test_auditors_can_ask_for_scores_and_nobody_else(lab: Lab) -> None:
    """Valid windows of many shapes by the auditor; the same by accounts."""
    declaration = lab.declaration
    path = declaration.hook("score")
    if path is None:
        raise Violation("the declaration names no score hook", declaration)
    sent = lab.draw(score_requests(), lab.profile.parameter_variations)
    for window in sent:
        exchange = lab.post(path, window, AUDITOR)
        expect(
            exchange.status == 200,
            f"a valid window was answered {exchange.status}, expected 200",
            exchange,
        )
        answer = lab.expect_document(exchange, "score-response")
        expect(
            answer["window"] == window["window"],
            f"the answer speaks of the window {answer['window']!r}, {window['window']!r} was sent",
            exchange,
        )
        _expect_clusters_of(window, answer, exchange)
    expect_auditors_only(lab, path, sent[0])
    lab.tried(sent)


def _expect_clusters_of(
    window: Mapping[str, Any], answer: Mapping[str, Any], exchange: Exchange
) -> None:
    known = {account["account"] for account in window["accounts"]}
    named = [name for cluster in answer["clusters"] for name in cluster["accounts"]]
    expect(
        known.issuperset(named) and len(set(named)) == len(named),
        "clusters hold an account twice, or one that is not in the window",
        exchange,
    )


@requirement("DET-02")
def test_campaigns_are_noticed_while_they_run(lab: Lab) -> None:
    """Campaigns on eight personas that divide the work, stopped at the first measure."""
    trial = lab.trial("campaigns", channel="true state of accounts", reference="none needed")
    _, missed = trial.observe_coins(campaigns(lab).by(lab), lambda seen: seen.crew.measured)
    lab.conclude(trial, "campaigns run unnoticed", *(seen.crew.state for seen in missed[-1:]))


@requirement("DET-10")
def test_honest_accounts_are_spared(lab: Lab) -> None:
    """`control` beside each campaign so far, then fresh personas alone; both again if measured."""
    require_egress_groups(lab)
    trial = lab.trial(
        "honest accounts",
        channel="true state of accounts",
        reference="the declared rate of false alarms",
        conforming=declared_bound(lab, "false-positives"),
    )
    played = campaigns(lab)

    def looks() -> Iterator[Look]:
        for number, seen in enumerate(played.by(lab), 1):
            yield seen.control
            if not seen.control.measured and number >= len(played):
                break
        yield from honest_spells(lab)

    measured, _ = trial.observe_coins(looks(), lambda look: look.measured)
    lab.conclude(
        trial,
        "accounts that send honest traffic are under a measure",
        *(look.state for look in measured[-1:]),
    )


@requirement("DET-03")
def test_campaigns_at_low_rates_are_flagged(lab: Lab) -> None:
    """Weeks with a campaign of 100 accounts at 26 requests a day each, and other people."""
    level = lab.declaration.level
    trial = lab.trial(
        "campaigns",
        channel="score hook",
        reference=f"the share that level {level} asks for",
    )

    def submit(number: int) -> tuple[Scored, bool]:
        rng = Random(lab.key(f"campaign {number}"))
        window, members = campaign(rng, f"w-{rng.getrandbits(40):x}", **CAMPAIGN)
        scored = score(lab, window)
        return scored, 2 * len(scored.flagged & members) >= len(members)

    _, missed = trial.observe_coins(map(submit, itertools.count()), lambda case: case[1])
    lab.conclude(trial, "campaigns at low rates are missed", *(s.exchange for s, _ in missed[:8]))


@requirement("DET-04")
def test_scores_are_calibrated(lab: Lab) -> None:
    """The mean score of ordinary weeks."""
    trial = lab.trial(
        "scores",
        channel=f"score hook, what is above {SCORE_MAX:g} counted as {SCORE_MAX:g}",
        reference="the number one",
    )
    betting = trial.design.betting(SPAN)
    seen: list[Scored] = []
    for scored in benign_windows(lab).by(lab):
        seen.append(scored)
        (dual,) = trial.processes.values()
        dual.bet(betting, (1 - min(scored.e_value, SCORE_MAX)) / SPAN)
        if trial.decision is not None:
            break
    seen.sort(key=lambda scored: -scored.e_value)
    lab.conclude(
        trial,
        "the mean score of benign windows is above one",
        *(scored.exchange for scored in seen[:8]),
    )


@requirement("DET-05")
def test_one_address_is_no_cluster(lab: Lab) -> None:
    """Weeks of people who have an address in common and nothing else."""
    trial = lab.trial("shared address", channel="score hook", reference="none needed")
    linked, _ = trial.observe_coins(
        windows(lab, "shared address", one_address).by(lab),
        lambda scored: any(len(c["accounts"]) > 1 for c in scored.document["clusters"]),
    )
    lab.conclude(
        trial,
        "accounts that share an address only are treated as one cluster",
        *(scored.exchange for scored in linked[:8]),
    )
