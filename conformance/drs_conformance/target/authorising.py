"""Whether a run against a target is permitted."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from datetime import UTC, datetime

from drs_conformance.target.model import Target
from drs_conformance.target.origins import Origin
from drs_conformance.target.problems import Problem, TargetError

__all__ = ["AuthorisationError", "authorise"]


class AuthorisationError(TargetError):
    """The run is not permitted as it stands. Nothing was sent."""


def authorise(
    target: Target, now: datetime, *, requirements: Collection[str] | None = None
) -> None:
    """Check that `target` may be probed at the time `now`.

    `requirements` are identifiers of what is tested; when given, a waiver for any other is
    refused, so that a misspelt waiver does not pass in silence.

    Raises:
        AuthorisationError: the authorisation has ended or not begun, does not cover the origin,
            or permits less than the budget; or a waiver has expired, names no requirement,
            or stands twice.

    """
    problems = [*_period(target, now), *_origin(target), *_budget(target)]
    problems += _waivers(target, now, requirements)
    if problems:
        raise AuthorisationError(problems)


def _period(target: Target, now: datetime) -> list[Problem]:
    permit = target.authorisation
    file = str(permit.file)
    if now < permit.not_before:
        reason = f"the authorisation begins at {permit.not_before.isoformat()}, now is {_at(now)}"
        return [Problem(file, "/not_before", reason, "wait, or ask for one that is in force")]
    if now >= permit.expires_at:
        reason = f"the authorisation ended at {permit.expires_at.isoformat()}, now is {_at(now)}"
        return [Problem(file, "/expires_at", reason, "ask whoever issued it for a new one")]
    return []


def _origin(target: Target) -> list[Problem]:
    permit = target.authorisation
    known = ", ".join(map(str, permit.origins))
    return [
        Problem(
            str(permit.file),
            "/origins",
            f"the target is {root}, which is none of the authorised origins: {known}",
            "correct the URL, or ask for an authorisation of exactly this scheme, host and port",
        )
        for root in target.roots
        if not any(entry.covers(Origin.of(root)) for entry in permit.origins)
    ]


def _budget(target: Target) -> list[Problem]:
    budget, bounds = target.budget, target.authorisation.bounds
    limits = ("max_requests", "max_output_tokens", "max_cost_usd", "max_concurrency")
    return [
        Problem(
            str(target.file),
            f"/budget/{name}",
            f"the budget of {getattr(budget, name)} is above the authorised "
            f"{getattr(bounds, name)}",
            f"lower it to at most {getattr(bounds, name)}",
        )
        for name in limits
        if getattr(budget, name) > getattr(bounds, name)
    ]


def _waivers(target: Target, now: datetime, requirements: Collection[str] | None) -> list[Problem]:
    problems: list[Problem] = []
    today = now.astimezone(UTC).date()
    first: dict[str, int] = {}

    def refuse(member: str, reason: str, remedy: str) -> None:
        pointer = f"/waivers/{number}/{member}"
        problems.append(Problem(str(target.file), pointer, reason, remedy, waiver.line))

    for number, waiver in enumerate(target.waivers):
        name = waiver.requirement
        if waiver.expires < today:
            refuse(
                "expires",
                f"the waiver of {name} expired on {waiver.expires.isoformat()}, today is {today}",
                "remove it, or decide again and give a later date",
            )
        if requirements is not None and name not in requirements:
            near = difflib.get_close_matches(name, sorted(requirements), n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            refuse(
                "requirement",
                f"the standard has no requirement {name} that is tested",
                f"{meant}correct the identifier; `drs catalogue` lists them",
            )
        if first.setdefault(name, number) != number:
            refuse(
                "requirement",
                f"{name} is waived twice, first at /waivers/{first[name]}",
                "keep one of them",
            )
    return problems


def _at(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")
