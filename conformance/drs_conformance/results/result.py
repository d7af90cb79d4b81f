"""The result: a pure fold over the events of a run. Its bytes are canonical JSON (RFC 8785)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import rfc8785

from drs_conformance.results.events import (
    CheckFinished,
    CheckStarted,
    Event,
    RequirementListed,
    RunFinished,
    RunStarted,
    event_document,
)
from drs_conformance.results.excludes import excluded_by, excluded_rate, excluded_sentence
from drs_conformance.verdicts import SEVERITY, Verdict, worst

__all__ = ["build_result", "exit_code", "result_bytes"]

# A report is about a service that changes; after this it should not be relied on.
TRUSTED_FOR = timedelta(days=30)


def build_result(events: Iterable[Event]) -> dict[str, Any]:
    """Fold events into a document of the schema ``result``.

    A stream that was cut off gives a result all the same: it says so, and what had not finished
    is inconclusive. A selected requirement that no check spoke of is a harness-error, for nothing
    may vanish.
    """
    heard = list(events)
    started = next(event for event in heard if isinstance(event, RunStarted))
    finished = next((event for event in heard if isinstance(event, RunFinished)), None)
    outcomes: dict[str, list[CheckFinished]] = {}
    begun: Counter[str] = Counter()
    for event in heard:
        if isinstance(event, CheckStarted):
            begun[event.requirement] += 1
        elif isinstance(event, CheckFinished):
            outcomes.setdefault(event.requirement, []).append(event)
            begun[event.requirement] -= 1
    waivers = {waiver["requirement"]: waiver for waiver in started.waivers}
    requirements = [
        _requirement(
            event,
            outcomes.get(event.id, []),
            unfinished=begun[event.id] > 0,
            cut_off=finished is None or finished.stopped is not None,
            waiver=waivers.get(event.id),
        )
        for event in heard
        if isinstance(event, RequirementListed)
    ]
    verdicts = Counter(entry["outcome"]["verdict"] for entry in requirements if entry["outcome"])
    statuses = Counter(entry["status"] for entry in requirements)
    head = event_document(started)
    code = exit_code(requirements)
    doubts = _doubts(started, finished, requirements)
    ended_at = finished.ended_at if finished else _latest(heard, started.started_at)
    return {
        "drs_version": started.spec["version"],
        "suite": head["suite"],
        "spec": head["spec"],
        "target": head["target"],
        "profile": started.profile,
        "selection": head["selection"],
        "seed": started.seed,
        "seed_commitment": started.seed_commitment,
        "registration": head["registration"],
        "assurance": head["assurance"],
        "started_at": started.started_at,
        "ended_at": ended_at,
        "trusted_until": _later(ended_at),
        "stopped": (finished.stopped if finished else "cut-off"),
        "spent": {
            "requests": finished.requests if finished else _requests(heard),
            "output_tokens": finished.output_tokens if finished else 0,
            "cost_usd": finished.cost_usd if finished else 0,
        },
        "budget": head["budget"],
        "journal": dict(finished.journal) if finished else None,
        "summary": {
            "verdicts": {name: verdicts.get(name, 0) for name in SEVERITY},
            "waived": sum(entry["waived"] is not None for entry in requirements),
            "not_run": statuses.get("not-run", 0),
            "pending": statuses.get("pending", 0),
            "inspect": statuses.get("inspect", 0),
            "attest": statuses.get("attest", 0),
        },
        "needless_waivers": [
            entry["id"]
            for entry in requirements
            if entry["id"] in waivers
            and entry["outcome"] is not None
            and entry["outcome"]["verdict"] in ("pass", "not-applicable")
        ],
        "claim": {"supported": not doubts, "doubts": doubts},
        "exit_code": code,
        "requirements": requirements,
    }


def result_bytes(result: Mapping[str, Any]) -> bytes:
    """Return the result in canonical form."""
    return rfc8785.dumps(dict(result))


def exit_code(requirements: Sequence[Mapping[str, Any]]) -> int:
    """Return 0, 1 or 3 as the chapter Conformance says; waived failures do not count."""
    counted = [
        entry["outcome"]["verdict"]
        for entry in requirements
        if entry["outcome"] is not None
        and not (entry["waived"] is not None and entry["outcome"]["verdict"] == "fail")
    ]
    if "fail" in counted:
        return 1
    if "pass" not in counted or worst(counted) not in ("pass", "not-applicable"):
        return 3
    return 0


def _requirement(
    listed: RequirementListed,
    finished: Sequence[CheckFinished],
    *,
    unfinished: bool,
    cut_off: bool,
    waiver: Mapping[str, str] | None,
) -> dict[str, Any]:
    document = event_document(listed)
    del document["event"]
    selected = listed.status == "selected"
    outcome = _outcome(finished, unfinished, cut_off) if selected else None
    failed = outcome is not None and outcome["verdict"] == "fail"
    waived = dict(waiver) if waiver is not None and failed else None
    return {**document, "outcome": outcome, "waived": waived}


def _outcome(finished: Sequence[CheckFinished], unfinished: bool, cut_off: bool) -> dict[str, Any]:
    """Return the worst that checks found; one that began and did not end is a finding too."""
    missing: Verdict = "inconclusive" if cut_off else "harness-error"
    found = [event.verdict for event in finished]
    verdict = worst([*found, missing]) if unfinished or not finished else worst(found)
    decisive = next((event for event in finished if event.verdict == verdict), None)
    trials = min((event.trials for event in finished), default=0)
    passed = verdict == "pass"
    statistics = [dict(event.statistics) for event in finished if event.statistics is not None]
    return {
        "verdict": verdict,
        "summary": decisive.summary if decisive else _silence(unfinished, cut_off),
        "cause": decisive.cause if decisive else None,
        "blocked_by": decisive.blocked_by if decisive else None,
        "excludes": _excludes(trials, statistics) if passed else None,
        "excluded_rate": (
            excluded_rate(trials) if passed and trials > 1 and not statistics else None
        ),
        "statistics": statistics[0] if statistics else None,
        "trials": trials,
        "requests": sum(event.requests for event in finished),
        "evidence": list(decisive.evidence) if decisive else [],
        "reproduce": list(decisive.reproduce) if decisive else [],
        "checks": [event.check for event in finished],
    }


def _excludes(trials: int, statistics: Sequence[Mapping[str, Any]]) -> str:
    return excluded_by(statistics[0]) if statistics else excluded_sentence(trials)


def _silence(unfinished: bool, cut_off: bool) -> str:
    if cut_off:
        return "the run ended before this was tested" + (" to the end" if unfinished else "")
    return "a check began and never ended" if unfinished else "no check spoke of this requirement"


def _doubts(
    started: RunStarted,
    finished: RunFinished | None,
    requirements: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Why the run supports no claim of conformance; empty when it does."""
    verdicts = Counter(
        entry["outcome"]["verdict"] for entry in requirements if entry["outcome"] is not None
    )
    pending = sum(entry["status"] == "pending" for entry in requirements)
    doubts = []
    if finished is None or finished.stopped is not None:
        doubts.append("the run did not come to its end")
    for verdict in ("fail", "harness-error", "untestable", "inconclusive"):
        if verdicts.get(verdict):
            doubts.append(f"{verdicts[verdict]} {verdict}")
    if not verdicts.get("pass"):
        doubts.append("nothing passed")
    if pending:
        doubts.append(f"{pending} requirements have a test that is not built yet")
    if started.selection["only"]:
        doubts.append("only some requirements were selected")
    if started.profile == "smoke":
        doubts.append("the smoke profile is too small for a claim")
    elif started.registration is None:
        doubts.append("the run was not registered before its first request")
    return doubts


def _requests(heard: Sequence[Event]) -> int:
    """Return how many requests were sent at the least, by the checks that ended."""
    return sum(event.requests for event in heard if isinstance(event, CheckFinished))


def _latest(heard: Sequence[Event], otherwise: str) -> str:
    ends = [event.ended_at for event in heard if isinstance(event, CheckFinished)]
    return ends[-1] if ends else otherwise


def _later(moment: str) -> str:
    later = datetime.fromisoformat(moment) + TRUSTED_FOR
    return later.isoformat(timespec="seconds").replace("+00:00", "Z")
