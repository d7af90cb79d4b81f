"""Episodes on the ladder that several checks look at.

An episode sends its requests once. What must hold of the answers is said in the checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import NotApplicable, Untestable
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.scheduling.leases import Step
from drs_conformance.traffic.odd_text import statements
from drs_conformance.traffic.prompts import prompts

__all__ = ["Appeal", "Climb", "Covert", "Throttled", "appeal", "climb", "covert", "throttled"]

_PATH = re.compile(r"/(?!/)[!-\"$-~]*")

# More requests than this are not spent on finding the end of a throttled quota.
QUOTA_SOUGHT_MAX = 40
# Kinds of evidence by which the two climbs that are compared differ.
FIRST_KINDS = ("prompt-structure",)
SECOND_KINDS = ("coverage", "account-linkage")


def short_request(lab: Lab, purpose: str = "short", stream: bool = False) -> ChatRequest:
    """Return an ordinary request for one token."""
    prompt = lab.draw(prompts(), 1)[0]
    return ChatRequest(messages=(("user", prompt),), max_tokens=1, stream=stream)


def account_view(lab: Lab, persona: str) -> Exchange:
    """Read what an account is told of its standing."""
    return lab.send("GET", lab.declaration.control_plane("account"), persona, faults_too=True)


@dataclass(frozen=True, slots=True)
class Throttled:
    """A throttled persona that sends until it is refused, and again after the reset."""

    served: tuple[Exchange, ...]
    refused: tuple[Exchange, ...]
    view: Exchange
    after_reset: Exchange | None


def throttled(lab: Lab) -> Throttled:
    """Play, or recall, the episode of a throttled persona."""

    def play(stage: Lab) -> Throttled:
        fresh = stage.fresh()
        fresh.raise_to("throttled")
        request = short_request(stage)
        served: list[Exchange] = []
        refused: list[Exchange] = []
        while len(served) < QUOTA_SOUGHT_MAX and len(refused) < 2:
            answer = stage.ask(request, fresh.name, faults_too=True)
            (served if answer.status == 200 else refused).append(answer)
        view = account_view(stage, fresh.name)
        if not refused:
            return Throttled(tuple(served), (), view, None)
        wait = refused[0].header("retry-after") or ""
        legible = wait.isdecimal() and len(wait) <= 9
        fresh.advance(int(wait) + 1 if legible else 3600)
        after = stage.ask(request, fresh.name, faults_too=True)
        return Throttled(tuple(served), tuple(refused), view, after)

    return lab.episode("throttled", play)


@dataclass(frozen=True, slots=True)
class Climb:
    """A persona's way up to suspension, an upheld appeal, and a reset."""

    throttled: Step
    throttled_view: Exchange
    throttled_chat: Exchange
    suspended: Step
    suspended_view: Exchange
    suspended_chat: Exchange
    restored: Step
    restored_view: Exchange
    restored_chat: Exchange


def climb(lab: Lab, kinds: tuple[str, ...]) -> Climb:
    """Play, or recall, a climb by evidence of ``kinds``."""

    def play(stage: Lab) -> Climb:
        fresh = stage.fresh()
        request = short_request(stage)
        throttled_at = fresh.raise_to("throttled", kinds)[-1]
        throttled_view = account_view(stage, fresh.name)
        throttled_chat = stage.ask(request, fresh.name, faults_too=True)
        suspended_at = fresh.flag(kinds, ["approver-1"])
        if suspended_at.standing != "suspended":
            raise Untestable(
                "evidence with one approval left a throttled persona in "
                f"{suspended_at.standing}; the ladder leads to suspended",
                suspended_at,
            )
        suspended_view = account_view(stage, fresh.name)
        suspended_chat = stage.ask(request, fresh.name, faults_too=True)
        restored = fresh.flag((), ["approver-2"], on="appeal-upheld")
        restored_view = account_view(stage, fresh.name)
        restored_chat = stage.ask(request, fresh.name, faults_too=True)
        return Climb(
            throttled_at,
            throttled_view,
            throttled_chat,
            suspended_at,
            suspended_view,
            suspended_chat,
            restored,
            restored_view,
            restored_chat,
        )

    return lab.episode("climb-" + "-".join(kinds), play)


@dataclass(frozen=True, slots=True)
class Covert:
    """A persona under a covert measure, before and after its notice falls due."""

    perturbed: Step
    view_before: Exchange
    case_record: Exchange
    due: Step
    view_after: Exchange


def covert(lab: Lab) -> Covert:
    """Play, or recall, the episode of a covert measure."""

    def play(stage: Lab) -> Covert:
        declaration = stage.declaration
        if "perturbed" not in declaration.states or not declaration.covert_mechanisms:
            raise NotApplicable("the declaration names no covert mechanism")
        fresh = stage.fresh()
        perturbed = fresh.raise_to("perturbed")[-1]
        view_before = account_view(stage, fresh.name)
        path = f"{declaration.control_plane('cases')}/{perturbed.state['case']}"
        case_record = stage.send("GET", path, "auditor", faults_too=True)
        # Evidence in the middle keeps the measure in force until the notice is due.
        delay = declaration.covert_delay_max_s
        fresh.advance(max(delay // 2, 1))
        fresh.flag()
        due = fresh.advance(max(delay - delay // 2, 1))
        return Covert(perturbed, view_before, case_record, due, account_view(stage, fresh.name))

    return lab.episode("covert", play)


@dataclass(frozen=True, slots=True)
class Appeal:
    """Appeals of a throttled persona, what became of the first, and a reset at the end."""

    persona: str
    throttled: Step
    view: Exchange
    lodged: tuple[Exchange, ...]
    read_again: Exchange | None
    case_before: Exchange
    reset: Step
    case_after: Exchange
    chat_after: Exchange
    view_after: Exchange

    @property
    def accepted(self) -> Exchange:
        """The answer to the first appeal."""
        return self.lodged[0]


def appeal(lab: Lab) -> Appeal:
    """Play, or recall, the episode of an appeal."""

    def play(stage: Lab) -> Appeal:
        declaration = stage.declaration
        fresh = stage.fresh()
        request = short_request(stage)
        # Uses some of the ordinary quota, which the reset at the end has to give back.
        stage.ask(request, fresh.name, faults_too=True)
        at = fresh.raise_to("throttled")[-1]
        view = account_view(stage, fresh.name)
        lodged = tuple(
            stage.send(
                "POST",
                declaration.control_plane("appeals"),
                fresh.name,
                {"case": at.state["case"], "statement": statement},
                faults_too=True,
            )
            for statement in stage.draw(statements(), stage.profile.appeals)
        )
        location = local_path(lodged[0].header("location"), stage.target.root)
        again = stage.send("GET", location, fresh.name, faults_too=True) if location else None
        cases = declaration.control_plane("cases")
        path = f"{cases}/{at.state['case']}"
        before = stage.send("GET", path, "auditor", faults_too=True)
        reset = fresh.reset()
        after = stage.send("GET", path, "auditor", faults_too=True)
        chat = stage.ask(request, fresh.name, faults_too=True)
        view_after = account_view(stage, fresh.name)
        return Appeal(fresh.name, at, view, lodged, again, before, reset, after, chat, view_after)

    return lab.episode("appeal", play)


def local_path(location: str | None, root: str) -> str | None:
    """Return the path of a ``Location`` below ``root``, or None when it leads elsewhere."""
    if location is None:
        return None
    path = location.removeprefix(root)
    return path if _PATH.fullmatch(path) else None
