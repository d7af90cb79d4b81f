"""A claim of conformance: what a registered run supports, with every attempt that led to it.

It holds verdicts and digests. Nothing in it tells what was sent, what came back, or how many
requests anything took.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from drs_conformance.certification.register import Register
from drs_conformance.certification.registration import document_digest
from drs_conformance.certification.signing import BadSignature, SigningKey, check_signature
from drs_conformance.dialects import filled
from drs_conformance.ledger import Exchange
from drs_conformance.reports.folder import declaration_of
from drs_conformance.reports.in_toto import suite_digest
from drs_conformance.results.excludes import CONFIDENCE, excluded_rate
from drs_conformance.results.result import result_bytes
from drs_conformance.specification.schemas import problems

__all__ = [
    "CLAIM_NAME",
    "PAYLOAD_TYPE",
    "ClaimRefused",
    "attempts_of",
    "build_claim",
    "require_recorded",
    "signature_faults",
    "signed_claim",
    "surfaces_probed",
]

CLAIM_NAME = "claim.json"
PAYLOAD_TYPE = "application/vnd.drs.conformance-claim+json"
Document = Mapping[str, Any]


class ClaimRefused(Exception):
    """No claim can be made of this run, not even one of failing."""


def attempts_of(register: Register) -> list[dict[str, Any]]:
    """Return every attempt of a register as claims list them."""
    return [_attempt(register, registration) for registration in register.registrations]


def _attempt(register: Register, registration: Document) -> dict[str, Any]:
    number = registration["attempt"]
    began, ended = (register.of_attempt(kind, number) for kind in ("began", "ended"))
    unfinished = "aborted" if began else "not-begun"
    return {
        "attempt": number,
        "registered_at": registration["registered_at"],
        "outcome": ended["outcome"] if ended else unfinished,
        "stopped": ended["stopped"] if ended else None,
        "witness": began["witness"] if began else None,
        "report": ended["report"] if ended else None,
    }


def require_recorded(result: Document, register: Register) -> None:
    """Refuse a run that is not in the register as it ended.

    Raises:
        ClaimRefused: it was not registered, or the register says otherwise.

    """
    registration = result["registration"]
    if registration is None:
        raise ClaimRefused("the run was not registered; a claim rests on `--profile certify`")
    number = registration["attempt"]
    registered = register.registrations
    bare = {**registration, "witness": None}
    if number > len(registered) or registered[number - 1] != bare:
        raise ClaimRefused(f"the register does not hold the registration of the run ({number})")
    ended = register.of_attempt("ended", number)
    if ended is None or ended["report"] != _report_digest(result):
        raise ClaimRefused(f"the register does not say that the attempt {number} ended like this")


def build_claim(
    result: Document,
    exchanges: Mapping[str, Exchange],
    attempts: Document,
    issued_at: str,
) -> dict[str, Any]:
    """Return the claim that a registered run supports, without signatures.

    ``attempts`` is the member of that name: identifier and head of the register, and
    :func:`attempts_of` it.
    """
    registration = result["registration"]
    witness = registration["witness"]
    reasons = [*result["claim"]["doubts"], *_later(registration["attempt"], attempts["made"])]
    count = len(attempts["made"])
    return {
        "drs_version": result["drs_version"],
        "issued_at": issued_at,
        "expires_at": _a_year_after(result["ended_at"]),
        "conforms": not reasons,
        "reasons": reasons,
        "target": result["target"],
        "spec": result["spec"],
        "suite": {**result["suite"], "digest": f"sha256:{suite_digest()}"},
        "classes": result["selection"]["classes"],
        "level": result["selection"]["level"],
        "surfaces": surfaces_probed(exchanges, result["drs_version"]),
        "assurance": result["assurance"],
        "report": {
            "digest": _report_digest(result),
            "date": result["ended_at"],
            "trusted_until": result["trusted_until"],
            "journal": result["journal"]["head"],
        },
        "assertion": "witnessed" if witness else "self-asserted",
        "registration": {
            "digest": document_digest(registration),
            "attempt": registration["attempt"],
            "registered_at": registration["registered_at"],
            "witness": witness
            and {
                "kid": witness["signature"]["kid"],
                "public_key": witness["signature"]["public_key"],
                "signed_at": witness["signed_at"],
            },
        },
        "attempts": dict(attempts),
        "shared_error": {
            "total": _TOTAL_ERROR,
            "attempts": count,
            "each": _TOTAL_ERROR / count,
        },
        "requirements": [_requirement(entry, count) for entry in result["requirements"]],
        "waivers": [entry["waived"] for entry in result["requirements"] if entry["waived"]],
    }


_TOTAL_ERROR = round(1 - CONFIDENCE, 6)


def signed_claim(claim: Document, key: SigningKey, role: str) -> dict[str, Any]:
    """Return a claim with one more signature; ``role`` is issuer or witness."""
    bare = {name: value for name, value in claim.items() if name != "signatures"}
    signature = {"role": role, **key.sign(PAYLOAD_TYPE, bare)}
    return {**bare, "signatures": [*claim.get("signatures", []), signature]}


def signature_faults(claim: Document) -> list[str]:
    """Return what is wrong with the signatures of a claim."""
    bare = {name: value for name, value in claim.items() if name != "signatures"}
    faults = []
    for signature in claim.get("signatures", []):
        try:
            check_signature(signature, PAYLOAD_TYPE, bare)
        except BadSignature as error:
            faults.append(f"{error} (as {signature['role']})")
    return faults


def _report_digest(result: Document) -> str:
    return f"sha256:{hashlib.sha256(result_bytes(result)).hexdigest()}"


def _later(number: int, made: Iterable[Document]) -> list[str]:
    """Say which attempts after this one speak against the claim."""
    return [
        f"the attempt {attempt['attempt']}, which came later, has the outcome {attempt['outcome']}"
        for attempt in made
        if attempt["attempt"] > number and attempt["outcome"] not in ("pass", "not-begun")
    ]


def surfaces_probed(exchanges: Mapping[str, Exchange], version: str) -> list[dict[str, str]]:
    """Return the declared surfaces that answered, for whichever of their models."""
    try:
        declaration = json.loads(declaration_of(exchanges))
    except ValueError:
        return []
    if problems("declaration", declaration, version):
        return []
    probed = {e.request.path.partition("?")[0] for e in exchanges.values() if e.status is not None}
    return [
        {name: surface[name] for name in ("id", "dialect", "path")}
        for surface in declaration["surfaces"]
        if not probed.isdisjoint(filled(surface["path"], model) for model in surface["models"])
    ]


def _requirement(entry: Document, attempts: int) -> dict[str, Any]:
    outcome = entry["outcome"]
    rate: float | None = None
    if outcome is not None and outcome["excluded_rate"] is not None:
        rate = _coarse(excluded_rate(outcome["trials"], attempts))
        rate = rate if rate < 1 else None
    return {
        "id": entry["id"],
        "digest": entry["digest"],
        "level": entry["level"],
        "status": entry["status"],
        "verdict": outcome["verdict"] if outcome else None,
        "excludes_above": rate,
    }


def _coarse(rate: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten: a finer rate would tell how many probes."""
    power = 10.0 ** math.floor(math.log10(rate))
    step = next(step for step in (1, 2, 5, 10) if rate <= step * power * (1 + 1e-12))
    return round(step * power, 12)


def _a_year_after(moment: str) -> str:
    then = datetime.fromisoformat(moment)
    last = calendar.monthrange(then.year + 1, then.month)[1]
    later = then.replace(year=then.year + 1, day=min(then.day, last))
    return later.isoformat(timespec="microseconds").replace("+00:00", "Z")
