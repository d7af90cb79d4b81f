"""The checks as items of a session of pytest, chosen and shown by pytest, run as ``drs run`` does.

Nothing is sent before pytest has settled which checks are left; their prerequisites are added then,
and what was left out reads ``not-run`` in the result, as with ``--only``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import drs_conformance.checks
from drs_conformance.checks.lab import Lab
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.options import CLASSES, catalogue, selection_of, target_of
from drs_conformance.commands.run import launched, new_folder, new_ledger
from drs_conformance.ledger import JournalUnwritable
from drs_conformance.plugin import ConformanceRun, bench, requirement_of
from drs_conformance.reports.folder import write_reports
from drs_conformance.reports.headline import answer, headline
from drs_conformance.reports.plain_text import commands_shown, one_line
from drs_conformance.results.events import CheckFinished, Event, EventLog
from drs_conformance.results.result import build_result
from drs_conformance.run import prepare
from drs_conformance.selection import choose, in_order

__all__ = ["take_over"]

_CHECKS = Path(drs_conformance.checks.__file__).parent
_PREFIX = "drs/"
_LETTERS = {"inconclusive": "~", "untestable": "?", "harness-error": "!"}
_VERDICT = "verdict"


def take_over(config: pytest.Config) -> None:
    """Make the checks what this session runs.

    Raises:
        pytest.UsageError: the options, the target file or the authorisation is wrong.

    """
    for name in ("numprocesses", "tx", "reruns"):
        if getattr(config.option, name, None):
            raise pytest.UsageError(
                f"expected --drs-target without --{name}: one ledger serves one thread, and a "
                "check is judged once; take the option away, or undo it with -n 0 or --reruns 0"
            )
    named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    for argument in named:
        if not f"{argument}/".startswith(_PREFIX):
            raise pytest.UsageError(
                f"expected ids of checks such as {_PREFIX}test_declaration.py beside --drs-target, "
                f"got {argument!r}; run your own tests with a command of their own"
            )
    config.addinivalue_line("markers", "requirement(id): the requirement that is checked")
    try:
        config.pluginmanager.register(_Probing(config, tuple(named)), "drs-probing")
    except UsageFault as fault:
        raise pytest.UsageError(str(fault)) from fault
    # Each file by its name: those that are named are collected whatever files are looked for.
    config.args[:] = [str(path) for path in sorted(_CHECKS.glob("test_*.py"))]


class _Checks(pytest.Module):
    """A file of checks; what the settings around it say of names is not about it."""

    def istestfunction(self, obj: object, name: str) -> bool:
        return name.startswith("test_")

    def istestclass(self, obj: object, name: str) -> bool:
        return False


class _Told(str):
    """What is shown of a check in place of a traceback; its first line also in the summary."""

    def __new__(cls, lines: list[str]) -> _Told:
        told = super().__new__(cls, "\n".join(lines))
        told.reprcrash = SimpleNamespace(message=lines[0])
        return told

    reprcrash: SimpleNamespace


class _Probing:
    """The plugin of a session that probes; everything of the run hangs on it."""

    def __init__(self, config: pytest.Config, ids: tuple[str, ...]) -> None:
        given = config.option
        options = argparse.Namespace(
            target=given.drs_target,
            profile=given.drs_profile or "smoke",
            level=given.drs_level,
            classes=[],
            only=given.drs_only or "",
            seed=given.drs_seed,
            max_requests=given.drs_max_requests,
            max_cost=given.drs_max_cost,
        )
        self._ids = ids
        self._standard = catalogue(None)
        self._selection = selection_of(options, self._standard)
        self._target = target_of(options, self._standard)
        self._folder = new_folder(given.drs_out)
        self._waivers = {waiver.requirement: waiver for waiver in self._target.waivers}
        self._events: list[Event] = []
        self._latest: CheckFinished | None = None
        self._stack = contextlib.ExitStack()
        self._run: ConformanceRun | None = None
        self._finish: Callable[[bool], None] | None = None
        self._added: list[str] = []
        self._result: Mapping[str, Any] | None = None
        self._broken: JournalUnwritable | None = None

    # -- collection

    def pytest_report_header(self) -> str:
        """Say what is probed."""
        target, selection = self._target, self._selection
        return one_line(
            f"drs: {target.name} at {target.root}, standard {self._standard.version}, profile "
            f"{selection.profile}, seed {selection.seed}"
        )

    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> pytest.Module:
        """Collect a file of checks under an id that does not say where the suite is installed."""
        nodeid = f"{_PREFIX}{module_path.name}"
        made: pytest.Module = _Checks.from_parent(parent, path=module_path, nodeid=nodeid)
        return made

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Have each check bear its requirement in its id, so that ``-k DCL-01`` finds it."""
        marker = metafunc.definition.get_closest_marker("requirement")
        if marker is not None:
            metafunc.fixturenames.append("requirement")
            metafunc.parametrize("requirement", marker.args)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None]:
        """Narrow by ids and ``--drs-only``, let pytest narrow further, then begin the run."""
        collected = [item for item in items if requirement_of(item)]
        for name in self._ids:
            if not any(_names(name, item) for item in collected):
                raise pytest.UsageError(
                    f"expected the id of a check, got {name!r}; --collect-only lists them"
                )
        chosen = choose(self._standard, "L3", CLASSES, self._selection.only)
        order = {requirement.id: place for place, requirement in enumerate(in_order(chosen))}
        kept = [
            item
            for item in collected
            if requirement_of(item) in order
            and (not self._ids or any(_names(name, item) for name in self._ids))
        ]
        self._deselect(config, collected, kept)
        items[:] = sorted(kept, key=lambda item: order[requirement_of(item)])
        yield
        left = [requirement_of(item) for item in items]
        if not left or config.option.collectonly:
            return
        if len(left) < len(order):
            only = tuple(sorted(left, key=order.__getitem__))
            self._selection = dataclasses.replace(self._selection, only=only)
        needed = {each.id for each in in_order(choose(self._standard, "L3", CLASSES, left))}
        missing = needed.difference(map(requirement_of, collected))
        if missing:
            raise pytest.UsageError(
                f"expected {', '.join(sorted(missing))} among what pytest collected, for the "
                "chosen checks rest on it; choose with -k, ids or --drs-only"
            )
        try:
            run = self._begin()
        except UsageFault as fault:
            raise pytest.UsageError(str(fault)) from fault
        self._added = [name for name in run.selected if name not in left]
        self._deselect(config, items, [i for i in items if requirement_of(i) in run.selected])
        run.pytest_collection_modifyitems(collected)
        items[:] = collected
        config.pluginmanager.register(run, "drs-run")

    def _deselect(
        self, config: pytest.Config, before: list[pytest.Item], after: list[pytest.Item]
    ) -> None:
        out = [item for item in before if item not in after]
        if out:
            config.hook.pytest_deselected(items=out)

    def _begin(self) -> ConformanceRun:
        """Start the target if its file says how, open the journal, and ask for the declaration."""
        target = launched(self._target, self._stack)
        ledger = new_ledger(target, self._standard, self._selection, self._folder)
        log = self._stack.enter_context(EventLog(self._folder))

        def hear(event: Event) -> None:
            self._events.append(event)
            log.hear(event)
            if isinstance(event, CheckFinished):
                self._latest = event

        self._run, self._finish = prepare(ledger, self._standard, hear)
        return self._run

    def pytest_report_collectionfinish(self) -> str | None:
        """Say which prerequisites run too."""
        added = ", ".join(self._added)
        return f"drs: what was chosen depends on {added}, tested too" if added else None

    # -- running

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest) -> Lab:
        """The bench of the check that runs."""
        return bench(request.node)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the verdict of a check into what pytest shows."""
        report = yield
        found, self._latest = self._latest, None
        if found is None:
            return report
        report.user_properties.append((_VERDICT, found.verdict))
        waiver = self._waivers.get(found.requirement)
        if found.verdict == "pass":
            report.outcome, report.longrepr = "passed", None
        elif found.verdict == "not-applicable":
            reason = f"not applicable: {one_line(found.summary)}"
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, reason)
        elif found.verdict == "fail" and waiver is not None:
            report.outcome = "skipped"
            report.wasxfail = f"waived until {waiver.expires}: {one_line(waiver.reason)}"
        else:
            report.outcome, report.longrepr = "failed", _Told(_lines(found))
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        """Show what could not be decided by its own name, among what failed."""
        verdict = dict(report.user_properties).get(_VERDICT)
        if verdict in _LETTERS:
            return "failed", _LETTERS[verdict], (verdict.upper(), {"yellow": True, "bold": True})
        return None

    # -- the end

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Close the journal and write the reports."""
        if self._run is None or self._finish is None:
            return
        ended = sum(isinstance(event, CheckFinished) for event in self._events)
        try:
            self._finish(ended < len(self._run.selected))
        except JournalUnwritable as error:
            self._broken = error
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            return
        self._result = build_result(self._events)
        write_reports(self._folder, self._result)
        # Whatever else takes part in the session, it is never greener than the result.
        if self._result["exit_code"] != 0 and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what the run came to and where its files are."""
        if self._broken is not None:
            terminalreporter.write_line(f"drs: no verdict holds: {self._broken}", red=True)
        if self._result is None:
            return
        result = self._result
        terminalreporter.section("drs")
        lines = [f"{answer(result)}  {headline(result)}"]
        if result["needless_waivers"]:
            lines.append(f"Waived without need: {', '.join(result['needless_waivers'])}.")
        if result["claim"]["doubts"]:
            lines.append(f"Supports no claim: {'; '.join(result['claim']['doubts'])}.")
        lines.append(f"Report: {self._folder / 'report.html'}")
        for line in lines:
            terminalreporter.write_line(one_line(line))

    def pytest_unconfigure(self) -> None:
        """Stop a target that was started."""
        self._stack.close()


def _names(given: str, item: pytest.Item) -> bool:
    """Tell whether an id from the command line is that of a check or of what holds it."""
    return f"{item.nodeid}[".startswith((f"{given}[", f"{given}::", f"{given.rstrip('/')}/"))


def _lines(found: CheckFinished) -> list[str]:
    lines = [one_line(f"{found.verdict}: {found.summary}")]
    if found.cause:
        lines.append(one_line(found.cause))
    if found.reproduce:
        lines += ["reproduce with:", *commands_shown(found.reproduce)]
    return lines
