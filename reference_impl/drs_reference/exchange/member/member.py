"""A member at work: it takes in, tries, rules and matches, and publishes under its own name."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_reference.exchange.authoring import revoked_version
from drs_reference.exchange.matching import RequestFeatures
from drs_reference.exchange.member.force import Force, RuledMatch
from drs_reference.exchange.member.hub_client import HubClient, HubError
from drs_reference.exchange.member.intake import HaltedError, Intake
from drs_reference.exchange.member.log_watch import HistoryError, LogWatch
from drs_reference.exchange.member.policy import HomeTrial, stated_rate
from drs_reference.exchange.member.publishing import Publisher, PublishRefusedError
from drs_reference.exchange.member.settings import SettingsError, read_settings
from drs_reference.exchange.member.state import (
    LogEntry,
    MemberState,
    Refused,
    StateMovedError,
    listed,
)
from drs_reference.exchange.member.verification import Holdings
from drs_reference.exchange.objects import ObjectError
from drs_reference.exchange.sightings import (
    ACTIONS,
    Seen,
    Sighting,
    build_sighting,
    read_sighting,
)
from drs_reference.exchange.signature import Signature, read_signature
from drs_reference.timestamps import rfc3339

__all__ = ["Confirmation", "Member", "NotHeldError", "Pulled"]

log = logging.getLogger(__name__)
_TRIES = 3


class NotHeldError(Exception):
    """A signature that the member does not hold, or has not written; the message says which."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a round brought, how many signatures may be acted on, and how long the log is.

    ``withheld`` are the entries of the log that the collection should have had, in any round.
    """

    taken: int
    refused: tuple[Refused, ...]
    in_force: int
    log_size: int
    withheld: tuple[LogEntry, ...]

    def __str__(self) -> str:
        withheld = f", {len(self.withheld)} of them withheld" if self.withheld else ""
        return (
            f"{self.taken} taken in, {len(self.refused)} refused, {self.in_force} in force, "
            f"the log has {self.log_size}{withheld}"
        )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Evidence of the member's own for a signature; ``action`` is the strongest that was taken."""

    signature: str
    count: int
    accounts: int
    first_seen: datetime
    last_seen: datetime
    action: str


class Member:
    """One member of one collection. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Start with the settings in ``path``; nothing is asked of the hub yet.

        Raises ``SettingsError`` and ``MemberStateError``.
        """
        self._path = path
        self._stamp = _stamp(path)
        self.settings = read_settings(path)
        self._state = MemberState(self.settings.state)
        self._client = HubClient(self.settings.hub, self.settings.signer)
        self._watch = LogWatch(self._client, self.settings.hub.log_key)
        collection = self.settings.hub.collection
        self._intake = Intake(self._client, self._watch, self._state, collection)
        self._publisher = Publisher(self._client, self._watch, self._state)
        self._force = Force()
        self._holdings = Holdings({}, {})
        self._number = 0
        self._rounds = threading.RLock()

    @property
    def client(self) -> HubClient:
        """The connection to the hub."""
        return self._client

    def pull(self, now: datetime | None = None) -> Pulled:
        """One round: everything new, verified, tried and put in force.

        Sightings that are due are published. What the hub left out of the collection is told with
        every round, and taken in where the log shows it. Raises ``HaltedError`` where the log
        cannot be relied on; what is held stays in force then, until it ends. Raises ``HubError``,
        with the pages before it kept and in force.
        """
        now = now or datetime.now(UTC)
        with self._rounds:
            self.refresh(now)
            taken = 0
            refused: list[Refused] = []
            try:
                for attempt in range(_TRIES):
                    try:
                        pages = self._intake.pages(self.settings.trust, self._holdings, now)
                        for page in pages:
                            taken += len(page.kept)
                            refused += page.refused
                            self._load()
                        break
                    except StateMovedError:
                        self._load()
                        if attempt == _TRIES - 1:
                            raise HubError("others keep going on with the same state") from None
            finally:
                self._force.update(self.settings, self._holdings, now)
            self._tell_false_positives(now)
            withheld = self._state.withheld()
            if withheld:
                log.error("THE HUB WITHHOLDS WHAT ITS LOG HAS: %s", listed(withheld))
            return Pulled(taken, tuple(refused), self.in_force(), self.log_size(), withheld)

    def refresh(self, now: datetime | None = None) -> None:
        """Put in force what the state and the settings say, without asking the hub."""
        now = now or datetime.now(UTC)
        with self._rounds:
            self._read_settings_again()
            self._load()
            self._forget(now)
            self._force.update(self.settings, self._holdings, now)

    def match(self, request: RequestFeatures, now: datetime) -> tuple[RuledMatch, ...]:
        """The signatures in force that a request matches, with what may be done about it."""
        return self._force.match(request, now)

    def in_force(self) -> int:
        """How many signatures may be acted on."""
        return sum(ruling.action != "none" for ruling in self._force.rulings().values())

    def log_size(self) -> int:
        """The size of the log at the last checkpoint that was verified."""
        note = self._state.place().checkpoint
        try:
            return self._watch.opened(note).size if note else 0
        except HubError:
            return 0

    def held(self, id: str) -> Signature:
        """The latest version of a signature that was taken in. Raises ``NotHeldError``."""
        with self._rounds:
            signature = self._holdings.signatures.get(id)
        if signature is None:
            raise NotHeldError(f"{id} is not held here")
        return signature

    def publish(self, signature: Signature) -> None:
        """Send a signature of the member's own; the log has it when this returns.

        Raises ``PublishRefusedError``, ``HubError`` and ``HaltedError``.
        """
        self._send(signature)

    def revoke(self, id: str, reason: str, now: datetime | None = None) -> Signature:
        """Withdraw a signature of the member's own, at the hub and here; the version that says so.

        Raises ``NotHeldError``, ``SignatureError`` and as ``publish`` does.
        """
        old = self.held(id)
        if old.author != self.settings.identity:
            raise NotHeldError(f"{id} is by {old.author}; only its author revokes it")
        if old.revoked:
            raise NotHeldError(f"{id} is revoked already")
        new = revoked_version(old, reason, self.settings.signer, now or datetime.now(UTC))
        self._send(new)
        self.pull(now)
        return new

    def confirm(self, seen: Confirmation, now: datetime | None = None) -> Sighting | None:
        """Tell the group that evidence of the member's own confirms a signature, once a version.

        Raises ``NotHeldError`` and as ``publish`` does.
        """
        now = now or datetime.now(UTC)
        with self._rounds:
            signature = self.held(seen.signature)
            trial = self._trial(signature)
            least = min(ACTIONS.index(seen.action), ACTIONS.index(signature.max_action))
            confirmed = Seen(
                outcome="confirmed",
                independent=True,
                count=seen.count,
                accounts=seen.accounts,
                first_seen=seen.first_seen,
                last_seen=seen.last_seen,
                benign_windows=trial.windows if trial else 0,
                benign_matches=trial.matches if trial else 0,
                action=ACTIONS[least],
            )
            sighting = self._tell(signature, confirmed, now)
            if sighting is not None:
                self.pull(now)
            return sighting

    def status(self) -> dict[str, Any]:
        """What the member holds, what it would do and why; for people."""
        place = self._state.place()
        rulings = self._force.rulings()
        with self._rounds:
            held = sorted(self._holdings.signatures.values(), key=lambda one: one.id)
            told = Counter(sighting.outcome for sighting in self._holdings.sightings.values())
        shown = []
        for each in held:
            ruling = rulings.get((each.id, each.seq))
            if ruling is not None:
                shown.append(
                    {
                        "id": each.id,
                        "seq": each.seq,
                        "author": each.author,
                        "name": each.document["name"],
                        "valid_until": rfc3339(each.valid_until),
                        "action": ruling.action,
                        "because": ruling.because,
                    }
                )
        return {
            "identity": self.settings.identity,
            "hub": self.settings.hub.api_root,
            "log_size": self.log_size(),
            "halted": place.halted,
            "withheld": [{"entry": one.index, "id": one.id} for one in self._state.withheld()],
            "elsewhere": self._state.elsewhere(),
            "in_force": self.in_force(),
            "signatures": shown,
            "sightings": dict(told),
            "refused": [{"id": one.id, "reason": one.reason} for one in self._state.refused()],
        }

    def close(self) -> None:
        """Release the state and end all connections."""
        self._client.close()
        with self._rounds:
            self._state.close()

    def _send(self, one: Signature | Sighting) -> None:
        place = self._state.place()
        if place.halted is not None:
            raise HaltedError(place.halted)
        try:
            self._publisher.send(one)
        except HistoryError as error:
            self._state.halt(str(error), error.note)
            raise HaltedError(str(error)) from error

    def _load(self) -> None:
        """Take over from the state what came since, by this process or another."""
        for number, kept in self._state.since(self._number).items():
            try:
                read = read_sighting if kept.kind == "sighting" else read_signature
                self._holdings.add(read(kept.body))
            except ObjectError as error:
                # It was valid once; a later version of this program may be stricter.
                log.error("%s is held and cannot be read any more: %s", kept.id, error.reason)
            self._number = number

    def _forget(self, now: datetime) -> None:
        """Drop what may be kept no longer (SIG-05), and the sightings of it."""
        signatures, sightings = self._holdings.signatures, self._holdings.sightings
        over = {one.id for one in signatures.values() if one.retention_until <= now}
        if over:
            over |= {one.id for one in sightings.values() if one.signature in over}
            self._state.forget(over)
            self._holdings = Holdings(
                {id: one for id, one in signatures.items() if id not in over},
                {id: one for id, one in sightings.items() if id not in over},
            )

    def _read_settings_again(self) -> None:
        """Let a key that the operator revoked count at once, without a restart."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            new = read_settings(self._path)
        except SettingsError as error:
            log.error("the settings stay as they were: %s", error)
            return
        old = self.settings
        fixed = replace(new, identity=old.identity, hub=old.hub, signer=old.signer, state=old.state)
        if (new.identity, new.hub, new.state) != (old.identity, old.hub, old.state):
            log.error("identity, hub, state_file and signing key change with a restart only")
        self.settings = fixed
        log.info("the settings were read anew")

    def _tell_false_positives(self, now: datetime) -> None:
        """Publish what the home trial found against signatures (XCH-12)."""
        for signature in list(self._holdings.signatures.values()):
            trial = self._trial(signature)
            if trial is None or trial.tolerable(stated_rate(signature)):
                continue
            if not signature.active(now):
                continue
            seen = Seen(
                outcome="false-positive",
                independent=True,
                count=trial.matches,
                # No account is known of a line of the sample; there are no more than lines.
                accounts=trial.matches,
                first_seen=now,
                last_seen=now,
                benign_windows=trial.windows,
                benign_matches=trial.matches,
                action="none",
            )
            try:
                told = self._tell(signature, seen, now)
            except (HubError, PublishRefusedError, ObjectError) as error:
                log.error("the false positives of %s could not be told: %s", signature.id, error)
            else:
                if told is not None:
                    log.warning("%s has false positives here; the group was told", signature.id)

    def _trial(self, signature: Signature) -> HomeTrial | None:
        known = self._force.known(signature)
        return known.trial if known else None

    def _tell(self, signature: Signature, seen: Seen, now: datetime) -> Sighting | None:
        """Send a sighting, once a version of the signature."""
        old = self._own_sighting(signature.id)
        if old is not None and _says(old, signature, seen.outcome):
            return None
        settings = self.settings
        sighting = build_sighting(signature, seen, settings.signer, settings.identity, now, old=old)
        self._send(sighting)
        return sighting

    def _own_sighting(self, signature: str) -> Sighting | None:
        own = [
            sighting
            for sighting in self._holdings.sightings.values()
            if sighting.author == self.settings.identity and sighting.signature == signature
        ]
        return max(own, key=lambda sighting: sighting.modified, default=None)


def _says(sighting: Sighting, signature: Signature, outcome: str) -> bool:
    return sighting.outcome == outcome and sighting.signature_seq == signature.seq


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
