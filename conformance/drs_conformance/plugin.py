"""The pytest plugin: runs the selected checks in order and turns what they raise into verdicts."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import drs_conformance.checks
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.session import Session
from drs_conformance.ledger import (
    AuthorisationLapsed,
    BudgetExhausted,
    Exchange,
    JournalUnwritable,
    ReplayDiverged,
    TargetGone,
)
from drs_conformance.results.events import Stopped
from drs_conformance.specification.catalogue import Requirement
from drs_conformance.verdicts import (
    Finding,
    Inconclusive,
    NotApplicable,
    Untestable,
    Verdict,
    Violation,
    worst,
)

__all__ = ["CheckOutcome", "ConformanceRun", "bench", "requirement_of", "run_checks"]

_LAB = pytest.StashKey[Lab]()
_VERDICTS: tuple[tuple[type[Finding], Verdict], ...] = (
    (Violation, "fail"),
    (Untestable, "untestable"),
    (NotApplicable, "not-applicable"),
    (Inconclusive, "inconclusive"),
)


class Blocked(Untestable):
    """A requirement on which this one depends does not hold; ``root`` is where that began."""

    def __init__(self, root: str, verdict: Verdict) -> None:
        super().__init__(f"blocked by {root}", cause=f"{root}, on which this rests, is {verdict}")
        self.root = root


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What one check found; ``evidence`` are identifiers of exchanges."""

    requirement: str
    check: str
    verdict: Verdict
    summary: str
    cause: str | None
    blocked_by: str | None
    evidence: tuple[str, ...]
    trials: int
    requests: int
    statistics: Mapping[str, Any] | None = None


class ConformanceRun:
    """A plugin object for one run.

    ``begun(requirement id, check)`` and ``ended(outcome)`` are called around each check.
    With ``is_interrupted`` no check is run. Afterwards ``stopped`` says why the run ended early,
    and ``broken`` is set when its journal can not be relied on, so that no verdict can.
    """

    def __init__(
        self,
        session: Session,
        selected: Sequence[Requirement],
        begun: Callable[[str, str], None],
        ended: Callable[[CheckOutcome], None],
    ) -> None:
        self._session = session
        self._place = {requirement.id: place for place, requirement in enumerate(selected)}
        self._requirements = {requirement.id: requirement for requirement in selected}
        self._begun = begun
        self._ended = ended
        self._verdicts: dict[str, Verdict] = {}
        self._roots: dict[str, str] = {}
        self.stopped: Stopped | None = None
        self.broken: Exception | None = None
        self.is_interrupted = False

    @property
    def selected(self) -> tuple[str, ...]:
        """Identifiers of what is tested, prerequisites first."""
        return tuple(self._place)

    # -- collection

    def pytest_configure(self, config: pytest.Config) -> None:
        """Declare the marker."""
        config.addinivalue_line("markers", "requirement(id): the requirement that is checked")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the selected checks and put prerequisites first."""
        if self.is_interrupted:
            raise KeyboardInterrupt
        chosen = [item for item in items if requirement_of(item) in self._place]
        items[:] = sorted(chosen, key=lambda item: self._place[requirement_of(item)])

    # -- running

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest) -> Lab:
        """The bench of the check that runs."""
        return bench(request.node)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Announce the check, and block it when a prerequisite does not hold."""
        identifier = requirement_of(item)
        item.stash[_LAB] = Lab(self._session, f"{identifier}:{_function(item)}")
        self._begun(identifier, _name(item))
        for prerequisite in self._requirements[identifier].depends_on:
            verdict = self._verdicts.get(prerequisite, "pass")
            if verdict in ("fail", "untestable", "harness-error"):
                root = self._roots.get(prerequisite, prerequisite)
                raise Blocked(root, self._verdicts[root])

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        """Run a check; once more when what it found may come from something that was lost."""
        lab = pyfuncitem.stash[_LAB]
        try:
            return (yield)
        except Violation:
            if not lab.doubtful:
                raise
        lab.begin_again()
        pyfuncitem.obj(lab)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[Any]:
        """Note the verdict of the check."""
        report = yield
        raised = call.excinfo.value if call.excinfo is not None else None
        if call.when == "call" or (call.when == "setup" and raised is not None):
            self._note(item, raised)
        return report

    def _note(self, item: pytest.Item, raised: BaseException | None) -> None:
        identifier = requirement_of(item)
        lab = item.stash[_LAB]
        lab.close()
        if isinstance(raised, (ReplayDiverged, JournalUnwritable)):
            self.broken = raised
            item.session.shouldstop = "the journal cannot be relied on"
        if isinstance(raised, Violation) and lab.doubtful:
            raised = _excused(raised, lab.doubtful[0])
        verdict, summary, cause = self._judge(raised, identifier)
        cause = cause or lab.remark
        if verdict == "pass" and lab.has_begun_again:
            summary = "holds, seen in a second run because something was lost in the first"
        shown = raised.evidence if isinstance(raised, Finding) else ()
        blocked_by = raised.root if isinstance(raised, Blocked) else None
        if blocked_by is not None:
            self._roots[identifier] = blocked_by
        self._verdicts[identifier] = worst([self._verdicts.get(identifier, verdict), verdict])
        self._ended(
            CheckOutcome(
                requirement=identifier,
                check=_name(item),
                verdict=verdict,
                summary=summary,
                cause=cause,
                blocked_by=blocked_by,
                evidence=shown or tuple(lab.sent.last),
                trials=max(lab.trials, 1),
                requests=lab.sent.requests,
                statistics=lab.statistics,
            )
        )

    def _judge(
        self, raised: BaseException | None, identifier: str
    ) -> tuple[Verdict, str, str | None]:
        if raised is None:
            return "pass", "holds", None
        if isinstance(raised, NotApplicable) and self._requirements[identifier].core:
            return (
                "harness-error",
                f"a core requirement was found not applicable: {raised.summary}",
                "core requirements always apply; please report this",
            )
        for kind, verdict in _VERDICTS:
            if isinstance(raised, kind):
                return verdict, raised.summary, raised.cause
        if isinstance(raised, BudgetExhausted):
            self.stopped = self.stopped or "budget"
            return "inconclusive", f"the budget was used up: {raised}", None
        if isinstance(raised, AuthorisationLapsed):
            self.stopped = self.stopped or "authorisation-lapsed"
            return "inconclusive", str(raised), None
        if isinstance(raised, TargetGone):
            self.stopped = self.stopped or "target-gone"
            return "untestable", f"the target stopped answering: {raised}", None
        last = traceback.extract_tb(raised.__traceback__)[-1]
        return (
            "harness-error",
            f"the suite failed: {type(raised).__name__}: {raised}",
            f"at {last.name}, line {last.lineno}; please report this with the journal",
        )


def _excused(violation: Violation, doubtful: Exchange) -> Untestable:
    """Return what a violation comes to that a lost answer may have brought about."""
    shown = f"{doubtful.request.method} {doubtful.request.path}"
    lost = (
        f"{shown} had to be sent {len(doubtful.earlier) + 1} times, and what it did"
        if doubtful.earlier
        else f"before {shown} the run had been cut off, and what happened meanwhile"
    )
    untestable = Untestable(f"{lost} may be all that is wrong", cause=violation.summary)
    untestable.evidence = (*violation.evidence, doubtful.id)
    return untestable


def bench(item: pytest.Item) -> Lab:
    """Return the bench of a check that was set up."""
    return item.stash[_LAB]


def requirement_of(item: pytest.Item) -> str:
    """Return the identifier of the requirement that an item checks; empty for other items."""
    marker = item.get_closest_marker("requirement")
    return str(marker.args[0]) if marker is not None and marker.args else ""


def _function(item: pytest.Item) -> str:
    """Return the name of the check, without what a session of pytest adds to it."""
    return str(getattr(item, "originalname", item.name))


def _name(item: pytest.Item) -> str:
    return f"{item.path.name}::{_function(item)}"


def run_checks(run: ConformanceRun) -> int | pytest.ExitCode:
    """Run pytest over the checks, untouched by whatever configures pytest around it."""
    checks = Path(drs_conformance.checks.__file__).parent
    arguments = [
        str(checks),
        "--import-mode=importlib",
        "--disable-plugin-autoload",
        f"--rootdir={checks}",
        f"--confcutdir={checks}",
        f"--config-file={checks / 'pytest.ini'}",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "-p",
        "no:logging",
        "-p",
        "no:faulthandler",
        # What a library leaves to the garbage collector would count against the check that runs
        # when it comes by, and in a replay against another one or none.
        "-p",
        "no:unraisableexception",
        "--capture=no",
        "--assert=plain",
    ]
    with _without_environment("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        return pytest.main(arguments, plugins=[run])


@contextmanager
def _without_environment(*names: str) -> Iterator[None]:
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)
