"""Going on with a run that was cut off: what is recorded is not done again."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from drs_conformance.ledger.exchange import Attempt, Exchange
from drs_conformance.ledger.journal import JournalWriter, read_journal
from drs_conformance.ledger.recording import Recording
from drs_conformance.ledger.records import Record
from drs_conformance.ledger.replaying import ReplayDiverged, Replaying

__all__ = ["ResumeRefused", "Resuming"]


class ResumeRefused(Exception):
    """The run cannot be gone on with as asked; nothing was sent."""


class Resuming(Recording):
    """The live source of a ledger that first answers from the journal of the same run.

    A run is a function of its seed and of what it was answered, so it asks for everything that is
    recorded, in the same order, before it asks for anything new.
    """

    def _opened(self, folder: Path) -> JournalWriter:
        """Open the journal for more, if this is the run that it is of.

        Raises:
            JournalDamaged: the journal is not what a run wrote.
            JournalUnwritable: it has ended, is still written to, or cannot be written.
            ResumeRefused: the run was registered, or is another.

        """
        journal = JournalWriter.resume(folder)
        try:
            self._past = Replaying(folder, goes_on=True)
            self.header = _require_same(self._past.header, self.header)
        except BaseException:
            journal.close()
            raise
        records, _ = read_journal(journal.path)
        self._waits: dict[str, deque[Record]] = defaultdict(deque)
        for record in records:
            if record["kind"] == "wait":
                self._waits[record["lane"]].append(record)
        last = next(record for record in reversed(records) if record["kind"] != "resumed")
        self._last_wait = last if last["kind"] == "wait" else None
        self._sent = self._past.recorded
        self._is_first = True
        record = {"kind": "resumed", "cut_bytes": journal.cut_bytes, "at": self._at()}
        journal.append(record)
        journal.sync()
        return journal

    def exchanges(self, lane: str, ordinal: int, wave: Sequence[Attempt]) -> list[Exchange]:
        """Return the recorded exchanges, and send what is not recorded."""
        recorded = sum(self._past.holds(lane, ordinal + place) for place in range(len(wave)))
        found = self._past.exchanges(lane, ordinal, wave[:recorded])
        if recorded:
            self.spending = self._past.spending
        if recorded == len(wave):
            return found
        rest = wave[recorded:]
        self._room([attempt.request for attempt in rest])
        self._require_all_asked(f"exchange {ordinal + recorded} of {lane}")
        first, *others = super().exchanges(lane, ordinal + recorded, rest)
        first = replace(first, after_gap=self._is_first)
        self._is_first = False
        return [*found, first, *others]

    def wait(self, lane: str, seconds: float, because: str) -> None:
        """Make a pause that is new, or that may have been cut short."""
        if not self._waits[lane]:
            self._require_all_asked(f"a pause of {lane}")
            super().wait(lane, seconds, because)
            return
        recorded = self._waits[lane].popleft()
        if (recorded["seconds"], recorded["because"]) != (seconds, because):
            raise ReplayDiverged(
                f"{lane} paused for {recorded['seconds']} s ({recorded['because']}) when it was "
                f"recorded, now for {seconds} s ({because})"
            )
        if recorded is self._last_wait:
            time.sleep(seconds)

    def now(self, lane: str) -> datetime:
        """Return the recorded time, or that of now."""
        if self._past.holds_time(lane):
            self._clocks[lane] = self._clocks.get(lane, 0) + 1
            return self._past.now(lane)
        self._require_all_asked(f"the time for {lane}")
        return super().now(lane)

    def sign(self, lane: str, kid: str, message: bytes) -> bytes:
        """Return the recorded signature, or a new one."""
        if self._past.holds_signature(lane):
            self._signatures[lane] = self._signatures.get(lane, 0) + 1
            return self._past.sign(lane, kid, message)
        self._require_all_asked(f"a signature for {lane}")
        return super().sign(lane, kid, message)

    def _require_all_asked(self, wanted: str) -> None:
        if self._past.spending.requests < self._past.recorded:
            raise ReplayDiverged(
                f"the run asks for {wanted}, which is not recorded, before it has asked for all "
                "that is; resume with the version of the suite that recorded it "
                f"({self.header['suite_version']})"
            )


def _require_same(before: Record, now: Record) -> Record:
    """Return the recorded header, unless the run that is asked for is another."""
    if "registration" in before:
        raise ResumeRefused(
            "a registered run is not resumed: whoever could cut it off and go on could choose "
            "which answers are lost. The attempt counts as aborted; register another one"
        )
    anew = {**now, **{name: before[name] for name in ("seq", "prev", "started_at")}}
    if found := list(_differences("", before, anew)):
        raise ResumeRefused(
            "expected the target, authorisation, standard and suite of the run that was cut off; "
            f"{'; '.join(found)}. Restore what it was, or begin a new run"
        )
    return before


def _differences(at: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys()):
            yield from _differences(f"{at}/{name}", before.get(name), now.get(name))
    elif before != now:
        yield f"{at} was {before!r} and is {now!r}"
