"""A small run, as events, to be varied by tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from drs_conformance.results.events import (
    CheckFinished,
    CheckStarted,
    Event,
    RequirementListed,
    RunFinished,
    RunStarted,
)
from drs_conformance.specification.location import schema_folder
from drs_conformance.verdicts import Verdict

DIGEST = "sha256:" + "0" * 64
REGISTRATION = json.loads(
    (schema_folder() / "examples" / "valid" / "registration" / "second-attempt.json").read_bytes()
)
AT = "2026-11-23T10:00:00.000000Z"


def started(**changes: Any) -> RunStarted:
    members: dict[str, Any] = {
        "suite": {"name": "drs", "version": "0.1.0"},
        "spec": {"version": "0.1", "digest": DIGEST},
        "target": {
            "name": "Sample",
            "root": "https://lab.example",
            "dialect": "openai_chat",
            "model": "m",
        },
        "profile": "certify",
        "selection": {"level": "L1", "classes": ["provider"], "only": []},
        "seed": 1,
        "seed_commitment": DIGEST,
        "budget": {"max_requests": 10, "max_output_tokens": 10, "max_cost_usd": 1},
        "assurance": {"tier": "self-tested", "limitations": ["Nothing else is excluded."]},
        "waivers": (),
        "started_at": AT,
        "registration": REGISTRATION,
    }
    return RunStarted(**{**members, **changes})


def listed(identifier: str, **changes: Any) -> RequirementListed:
    members: dict[str, Any] = {
        "id": identifier,
        "digest": DIGEST,
        "title": f"Title of {identifier}",
        "sentence": "A provider MUST do it.",
        "level": "L1",
        "keyword": "MUST",
        "applies_to": ("provider",),
        "verify": "test",
        "core": False,
        "chapter": "Declaration",
        "family": identifier[:3],
        "file": "spec/0.1/03-declaration.md",
        "line": 10,
        "threats": ("T-01",),
        "depends_on": (),
        "status": "selected",
    }
    return RequirementListed(**{**members, **changes})


def checked(identifier: str, verdict: Verdict, **changes: Any) -> tuple[Event, Event]:
    members: dict[str, Any] = {
        "requirement": identifier,
        "check": f"test_sample.py::test_{identifier[-2:]}",
        "verdict": verdict,
        "summary": "as found",
        "cause": None,
        "blocked_by": None,
        "evidence": ("x-000001",),
        "reproduce": ("curl https://lab.example/",) if verdict == "fail" else (),
        "trials": 5,
        "requests": 2,
        "started_at": AT,
        "ended_at": AT,
    }
    finished = CheckFinished(**{**members, **changes})
    return CheckStarted(identifier, finished.check, AT), finished


def finished(**changes: Any) -> RunFinished:
    members: dict[str, Any] = {
        "ended_at": AT,
        "requests": 4,
        "output_tokens": 4,
        "cost_usd": 0.0,
        "stopped": None,
        "journal": {"records": 9, "head": DIGEST},
    }
    return RunFinished(**{**members, **changes})


def a_run(verdicts: Sequence[Verdict], **changes: Any) -> list[Event]:
    """Return a run of one requirement a verdict: DCL-01, DCL-02, ..."""
    identifiers = [f"DCL-{number:02}" for number in range(1, len(verdicts) + 1)]
    pairs = [
        event
        for identifier, verdict in zip(identifiers, verdicts, strict=True)
        for event in checked(identifier, verdict)
    ]
    return [started(**changes), *map(listed, identifiers), *pairs, finished()]
