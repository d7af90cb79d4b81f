"""One run: from a ledger and a selection to events, a result and reports.

A replay is the same run over a ledger that answers from the journal, so everything that a verdict
rests on is read from the journal's header and from exchanges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.session import Session
from drs_conformance.checks.subject import Subject
from drs_conformance.ledger import (
    AuthorisationLapsed,
    BudgetExhausted,
    Ledger,
    TargetGone,
    curl_command,
)
from drs_conformance.plugin import CheckOutcome, ConformanceRun, run_checks
from drs_conformance.profiles import PROFILES
from drs_conformance.results.events import (
    CheckFinished,
    CheckStarted,
    Event,
    RequirementListed,
    RunFinished,
    RunStarted,
    Stopped,
)
from drs_conformance.selection import Choice, choose, in_order
from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.verdicts import Finding

__all__ = ["Selection", "conduct", "prepare"]

SUITE_NAME = "drs"
SELF_TESTED = (
    "Self-tested: the personas were issued by the provider, so behaviour that is keyed to them is "
    "not excluded."
)
WITNESSED = (
    "Witnessed: {} take part wherever traffic is honest. That the provider does not know these "
    "accounts is for whoever opened them to say."
)
SELF_ASSERTED = (
    "Self-asserted: no witness had a part in the seed or keeps the register, so attempts that were "
    "left out are not excluded."
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for on the command line; None and empty leave it to the declaration."""

    profile: str
    seed: int
    level: str | None = None
    classes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return the selection as the journal's header keeps it."""
        return {
            "profile": self.profile,
            "seed": self.seed,
            "level": self.level,
            "classes": list(self.classes),
            "only": list(self.only),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Selection:
        """Read what :meth:`record` wrote."""
        return cls(
            record["profile"],
            record["seed"],
            record["level"],
            tuple(record["classes"]),
            tuple(record["only"]),
        )


def seed_commitment(seed: int) -> str:
    """Return the commitment to a seed: SHA-256 of ``drs-seed:`` and the seed in decimal."""
    return f"sha256:{hashlib.sha256(f'drs-seed:{seed}'.encode()).hexdigest()}"


def conduct(ledger: Ledger, catalogue: Catalogue, hear: Callable[[Event], None]) -> None:
    """Run the checks over ``ledger``; ``hear`` every event.

    Raises:
        ReplayDiverged: the recorded run did something else.
        JournalUnwritable: the journal could not be continued.

    """
    run, finish = prepare(ledger, catalogue, hear)
    finish(run_checks(run) == pytest.ExitCode.INTERRUPTED)


def prepare(
    ledger: Ledger, catalogue: Catalogue, hear: Callable[[Event], None]
) -> tuple[ConformanceRun, Callable[[bool], None]]:
    """Begin a run: return what runs its checks within pytest, and what to call when they ended.

    The latter is told whether they were interrupted, and raises as :func:`conduct` says.
    """
    header = ledger.header
    selection = Selection.from_record(header["run"]["selection"])
    session = Session(
        ledger,
        Subject.from_header(header),
        PROFILES[selection.profile],
        selection.seed,
        catalogue.version,
        header["started_at"],
        header["run"]["alpha"],
        {item.id: item.design for item in catalogue.requirements if item.design is not None},
    )
    is_interrupted = False
    declared_level: str = "L1"
    declared_classes: tuple[str, ...] = ("provider",)
    try:
        declared_level, declared_classes = _declared(session)
    except KeyboardInterrupt:
        is_interrupted = True
    level = selection.level or declared_level
    classes = selection.classes or declared_classes
    choices = choose(catalogue, level, classes, selection.only)
    hear(_started(header, catalogue, selection, level, classes))
    titles = {chapter.name: chapter.title for chapter in catalogue.chapters}
    for choice in choices:
        hear(_listed(choice, titles[choice.requirement.chapter]))
    begun_at = session.last_at

    def begun(requirement: str, check: str) -> None:
        nonlocal begun_at
        begun_at = session.last_at
        hear(CheckStarted(requirement, check, begun_at))

    def ended(outcome: CheckOutcome) -> None:
        hear(_finished(outcome, session, begun_at))

    run = ConformanceRun(session, in_order(choices), begun, ended)
    run.is_interrupted = is_interrupted

    def finish(interrupted: bool) -> None:
        if run.broken is not None:
            raise run.broken
        stopped: Stopped | None = "interrupted" if interrupted else run.stopped
        ledger.close(stopped or "completed")
        hear(
            RunFinished(
                ended_at=session.last_at,
                requests=ledger.requests_used,
                output_tokens=ledger.output_tokens_used,
                cost_usd=ledger.cost_usd,
                stopped=stopped,
                journal=ledger.journal,
            )
        )

    return run, finish


def _started(
    header: Mapping[str, Any],
    catalogue: Catalogue,
    selection: Selection,
    level: str,
    classes: tuple[str, ...],
) -> RunStarted:
    target = header["target"]
    registration = header.get("registration")
    return RunStarted(
        suite={"name": SUITE_NAME, "version": header["suite_version"]},
        spec={"version": catalogue.version, "digest": catalogue.digest},
        target={name: target[name] for name in ("name", "root", "dialect", "model")},
        profile=selection.profile,
        selection={"level": level, "classes": list(classes), "only": list(selection.only)},
        seed=selection.seed,
        seed_commitment=seed_commitment(selection.seed),
        budget=target["budget"],
        assurance=_assurance(Subject.from_header(header).blind, registration),
        waivers=tuple(header["run"]["waivers"]),
        started_at=header["started_at"],
        registration=registration,
    )


def _assurance(blind: tuple[str, ...], registration: Mapping[str, Any] | None) -> dict[str, Any]:
    unwitnessed = registration is not None and registration["witness"] is None
    return {
        "tier": "witnessed" if blind else "self-tested",
        "limitations": [
            WITNESSED.format(", ".join(blind)) if blind else SELF_TESTED,
            *([SELF_ASSERTED] if unwitnessed else []),
        ],
    }


def _listed(choice: Choice, chapter: str) -> RequirementListed:
    item = choice.requirement
    return RequirementListed(
        id=item.id,
        digest=item.digest,
        title=item.title,
        sentence=item.sentence,
        level=item.level,
        keyword=item.keyword,
        applies_to=item.applies_to,
        verify=item.verify,
        core=item.core,
        chapter=chapter,
        family=item.family,
        file=item.file,
        line=item.line,
        threats=item.threats,
        depends_on=item.depends_on,
        status=choice.status,
        reason=choice.reason,
        attested_by=item.attested_by,
        evidence=item.evidence,
    )


def _finished(outcome: CheckOutcome, session: Session, started_at: str) -> CheckFinished:
    failed = outcome.verdict == "fail"
    leading = session.leading_to(outcome.evidence) if failed else ()
    return CheckFinished(
        requirement=outcome.requirement,
        check=outcome.check,
        verdict=outcome.verdict,
        summary=outcome.summary,
        cause=outcome.cause,
        blocked_by=outcome.blocked_by,
        evidence=outcome.evidence,
        reproduce=tuple(map(curl_command, leading)),
        trials=outcome.trials,
        statistics=outcome.statistics,
        requests=outcome.requests,
        started_at=started_at,
        ended_at=session.last_at,
    )


def _declared(session: Session) -> tuple[str, tuple[str, ...]]:
    """Return level and classes as declared.

    Where no declaration can be read, L1, and hub or provider by what the target file points at.
    """
    try:
        declaration = Lab(session, "preflight").declaration
    except (Finding, AuthorisationLapsed, BudgetExhausted, TargetGone):
        return "L1", ("provider",) if session.target.hub is None else ("hub",)
    return declaration.level, tuple(declaration.document["classes"])
