"""The event stream of a run: one JSON line an event, from header to footer.

A stream without its footer was cut off, and is read as such.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal

import rfc8785

from drs_conformance.verdicts import Verdict

__all__ = [
    "EVENTS_NAME",
    "CheckFinished",
    "CheckStarted",
    "Event",
    "EventLog",
    "RequirementListed",
    "RunFinished",
    "RunStarted",
    "Stopped",
    "event_document",
]

EVENTS_NAME = "events.jsonl"

Status = Literal["selected", "not-run", "pending", "inspect", "attest"]
Stopped = Literal["budget", "interrupted", "target-gone", "authorisation-lapsed"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """What is run, against what, with which limits. Times are RFC 3339 UTC."""

    kind: ClassVar[str] = "run-started"

    suite: Mapping[str, str]
    spec: Mapping[str, str]
    target: Mapping[str, str]
    profile: str
    selection: Mapping[str, Any]
    seed: int
    seed_commitment: str
    budget: Mapping[str, Any]
    assurance: Mapping[str, Any]
    waivers: tuple[Mapping[str, str], ...]
    started_at: str
    registration: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RequirementListed:
    """One requirement of the catalogue and what the run does about it."""

    kind: ClassVar[str] = "requirement-listed"

    id: str
    digest: str
    title: str
    sentence: str
    level: str
    keyword: str
    applies_to: tuple[str, ...]
    verify: str
    core: bool
    chapter: str
    family: str
    file: str
    line: int
    threats: tuple[str, ...]
    depends_on: tuple[str, ...]
    status: Status
    reason: str | None = None
    attested_by: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check begins; ``at`` is the time of the latest exchange before it."""

    kind: ClassVar[str] = "check-started"

    requirement: str
    check: str
    at: str


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """What a check found.

    ``evidence`` are identifiers of exchanges, ``reproduce`` shell commands in order, ``trials`` the
    number of independent probes, ``requests`` those that this check was the first to send.
    ``blocked_by`` names the requirement for want of which it could not be tested. ``statistics``
    is what a sequential test did, and None for other checks.
    """

    kind: ClassVar[str] = "check-finished"

    requirement: str
    check: str
    verdict: Verdict
    summary: str
    cause: str | None
    blocked_by: str | None
    evidence: tuple[str, ...]
    reproduce: tuple[str, ...]
    trials: int
    requests: int
    started_at: str
    ended_at: str
    statistics: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """How the run ended and what it spent."""

    kind: ClassVar[str] = "run-finished"

    ended_at: str
    requests: int
    output_tokens: int
    cost_usd: float
    stopped: Stopped | None
    journal: Mapping[str, Any]


Event = RunStarted | RequirementListed | CheckStarted | CheckFinished | RunFinished


def event_document(event: Event) -> dict[str, Any]:
    """Return an event as a document of the schema ``event``."""
    members = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    document: dict[str, Any] = json.loads(json.dumps({"event": event.kind, **members}))
    return document


class EventLog:
    """Writes events to ``events.jsonl`` in a folder, from the first; each line is flushed."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / EVENTS_NAME).open("wb")

    def hear(self, event: Event) -> None:
        """Append an event."""
        self._file.write(rfc8785.dumps(event_document(event)) + b"\n")
        self._file.flush()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
