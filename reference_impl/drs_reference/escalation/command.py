"""``drs-reference escalate``: from a case to a dossier that two persons signed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from drs_reference.escalation.dossier import (
    RefusedError,
    UnreadableError,
    faults,
    read_dossier,
    written,
)
from drs_reference.escalation.draft import draft as made_draft
from drs_reference.escalation.evidence import sha256, unlike_files, unlike_records
from drs_reference.escalation.keys import PemKeyError, read_public_key, read_signer
from drs_reference.escalation.page import render as rendered
from drs_reference.escalation.page import visible
from drs_reference.escalation.sign_offs import SIGN_OFFS, signed, unproven
from drs_reference.exchange.members import time_of
from drs_reference.json_text import Members
from drs_reference.standard import StandardNotFoundError
from drs_reference.timestamps import rfc3339
from drs_reference.whole_file import whole_file

__all__ = ["draft", "render", "sign", "verify"]


def draft(case: Path, out: Path) -> int:
    """Write the draft of a case and its evidence into a new folder; the exit status."""

    def run() -> str:
        dossier = made_draft(case, out, _now())
        return (
            f"{out} holds a draft of {dossier['id']} with {len(dossier['items'])} items. "
            "Two persons read and sign it now."
        )

    return _answered(run, f"No draft is made of {case}")


def sign(path: Path, role: str, key: Path) -> int:
    """Put the signature of one person into a dossier; the exit status."""

    def run() -> str:
        dossier, signer = read_dossier(path), read_signer(key)
        _require_no(faults(dossier))
        for other, name in SIGN_OFFS.items():
            proof = dossier[name].get("proof")
            if proof is not None and other == role:
                raise RefusedError([f"{name}: it is signed already, by the key {proof['kid']}"])
            if proof is not None and proof["kid"] == signer.kid:
                raise RefusedError([f"{name}: the same key signed here; expected two persons"])
        complete = signed(dossier, role, signer, _now())
        _require_no(faults(complete))
        with whole_file(path) as file:
            file.write(written(complete))
        person = complete[SIGN_OFFS[role]]["person"]
        return f"{path} is signed by {person}, {role} responsibility, with the key {signer.kid}."

    return _answered(run, f"{path} is not signed")


def verify(
    path: Path,
    keys: dict[str, Path],
    evidence: Path | None,
    records: Path | None,
    now: datetime | None = None,
) -> int:
    """Say whether a dossier may be relied on; the exit status.

    ``keys`` are public keys by responsibility. ``evidence`` is the folder of the items, ``records``
    one of the records from which they were taken. ``now`` is by default the time of the clock.
    """

    def run() -> str:
        dossier = read_dossier(path)
        persons = {role: read_public_key(file) for role, file in keys.items()}
        _require_no(faults(dossier))
        found = list(unproven(dossier, persons))
        until = time_of(Members(dossier), "retention_until")
        if (now or _now()) >= until:
            found.append(f"retention_until: {rfc3339(until)} has passed; destroy every copy")
        if evidence is not None:
            found += unlike_files(dossier, evidence)
        if records is not None:
            found += unlike_records(dossier, records)
        _require_no(found)
        people = " and ".join(dossier[name]["person"] for name in SIGN_OFFS.values())
        looked = "" if evidence else " The files of its items were not looked at (--evidence)."
        return (
            f"{path} verifies: {dossier['id']}, signed by {people}, kept until "
            f"{dossier['retention_until']}.{looked}"
        )

    return _answered(run, f"{path} does not verify")


def render(path: Path, out: Path) -> int:
    """Write a dossier, signed or not, as a page for people; the exit status."""

    def run() -> str:
        dossier = read_dossier(path)
        _require_no(faults(dossier))
        page = rendered(dossier, sha256(path.read_bytes()))
        with whole_file(out) as file:
            file.write(page.encode())
        return f"{out} shows {path}."

    return _answered(run, f"{path} is not shown")


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _require_no(reasons: list[str]) -> None:
    if reasons:
        raise RefusedError(reasons)


def _answered(run: Callable[[], str], refusal: str) -> int:
    try:
        print(visible(run()))
    except RefusedError as error:
        print(visible(f"{refusal}:"), *map(visible, error.reasons), sep="\n  ")
        return 1
    except (OSError, PemKeyError, StandardNotFoundError, UnreadableError) as error:
        print(f"drs-reference: {visible(str(error))}", file=sys.stderr)
        return 2
    return 0
