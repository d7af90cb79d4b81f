"""The switch that ends every perturbation for every account (PRT-10).

The audit trail is its memory: what the last entry says holds, over restarts too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from drs_reference.response.controls import ControlEntry
from drs_reference.response.ladder import different_people
from drs_reference.storage.base import Change, Storage

__all__ = ["PEOPLE", "KillSwitch"]

PEOPLE = 2
"""Different people who have to agree, whichever way it is thrown."""
_KIND = "kill-switch"
_SUBJECT = "output-perturbation"
_ON, _OFF = "enabled", "disabled"


class KillSwitch:
    """Whether perturbation is ``off``. May be read from any thread."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        entries = (json.loads(record.body) for record in storage.audit())
        thrown = [entry["change"] for entry in entries if entry["kind"] == _KIND]
        self.off = thrown[-1:] == [_OFF]

    def throw(self, off: bool, approvals: Sequence[str]) -> None:
        """Record who agreed. What ends is ended first, what begins is recorded first.

        An answer that was begun before is finished as it was begun. Raises ``ValueError`` for too
        few people.
        """
        people = different_people(approvals)
        if len(people) < PEOPLE:
            said = ", ".join(people) or "nobody"
            raise ValueError(f"{PEOPLE} different people have to agree; got {said}")
        self.off = self.off or off
        entry = ControlEntry(_KIND, _SUBJECT, _OFF if off else _ON, None, people)
        self._storage.commit(Change(entries=(entry,)))
        self.off = off
