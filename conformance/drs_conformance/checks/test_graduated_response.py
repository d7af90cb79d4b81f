"""Checks of the chapter Graduated response (RSP)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from drs_conformance.checks.episodes import (
    FIRST_KINDS,
    QUOTA_SOUGHT_MAX,
    SECOND_KINDS,
    account_view,
    climb,
    throttled,
)
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Inconclusive, Untestable, expect, requirement
from drs_conformance.checks.test_exposure import (
    bounded_parameters,
    excessive,
    ordinary_requests,
    requests_within,
)
from drs_conformance.dialects.rate_limit import (
    Limit,
    MalformedField,
    Policy,
    parse_limits,
    parse_policies,
)
from drs_conformance.ledger import Exchange, MalformedBody
from drs_conformance.scheduling.leases import Fresh, Step
from drs_conformance.traffic.odd_text import pseudonyms
from drs_conformance.traffic.walks import ladder_walks

# How far the clock of a measure may be off before it counts as early or late (seconds).
MARGIN_S = 60


@requirement("RSP-01")
def test_every_account_can_see_its_standing(lab: Lab) -> None:
    """The account view of good standing and of each held persona."""
    held = [name for name in ("throttled", "suspended", "terminated") if lab.has_persona(name)]
    personas = ["control", *lab.target.blind, *held]
    for persona in personas:
        view = account_view(lab, persona)
        expect(view.status == 200, f"the account view of {persona} answered {view.status}", view)
        document = lab.expect_document(view, "account-standing")
        expect(
            "no-store" in (view.header("cache-control") or "").lower(),
            f"the account view of {persona} may be cached: Cache-Control is "
            f"{view.header('cache-control') or 'missing'}",
            view,
        )
        states = lab.declaration.states
        expect(
            document["standing"] in states,
            f"{persona} is shown as {document['standing']}, a state that the declaration does "
            "not use",
            view,
        )
    lab.tried(personas)


def limits(answer: Exchange) -> tuple[Policy, Limit]:
    """Return the quota and what remains of it, as an answer announces them."""
    policy, state = answer.header("ratelimit-policy"), answer.header("ratelimit")
    expect(policy is not None, f"a {answer.status} has no RateLimit-Policy field", answer)
    expect(state is not None, f"a {answer.status} has no RateLimit field", answer)
    try:
        quotas = {quota.name: quota for quota in parse_policies(policy or "")}
        remaining = parse_limits(state or "")
    except MalformedField as error:
        expect(False, f"a {answer.status} has malformed rate-limit fields: {error}", answer)
        raise
    known = [entry for entry in remaining if entry.name in quotas]
    expect(bool(known), f"RateLimit '{state}' names no policy of '{policy}'", answer)
    tightest = min(known, key=lambda entry: entry.remaining)
    return quotas[tightest.name], tightest


@requirement("RSP-02")
def test_every_answer_announces_the_quota(lab: Lab) -> None:
    """Successes, refusals of parameters and refusals for quota all carry the fields."""
    answers = [probe.answer.exchange for probe in ordinary_requests(lab)]
    answers += [
        lab.ask(excessive(lab, parameter, 1), faults_too=True)
        for parameter in bounded_parameters(lab)[-1:]
    ]
    _announced(answers)
    # Accounts in good standing tell enough of a provider who announces nothing at all.
    play = throttled(lab)
    under_measure = [*play.served, *play.refused]
    _announced(under_measure)
    lab.tried(answers + under_measure)


def _announced(answers: Iterable[Exchange]) -> None:
    for answer in answers:
        quota, left = limits(answer)
        expect(
            0 <= left.remaining <= quota.quota,
            f"{left.remaining} requests remain of a quota of {quota.quota}",
            answer,
        )


@requirement("RSP-03")
def test_a_throttled_account_is_refused_with_reasons(lab: Lab) -> None:
    """Beyond the quota: 429, when to come back, which policy, which case, where to appeal."""
    play = throttled(lab)
    if not play.refused:
        raise Inconclusive(
            f"a throttled persona was served {QUOTA_SOUGHT_MAX} times without a refusal",
            *play.served[-1:],
        )
    for answer in play.refused:
        expect(answer.status == 429, f"expected status 429, got {answer.status}", answer)
        wait = answer.header("retry-after")
        expect(
            wait is not None and wait.isdecimal() and wait.strip("0") != "",
            f"expected Retry-After in seconds, got {wait or 'none'}",
            answer,
        )
        problem = expect_problem(lab, answer, "abnormal-usage-detected")
        quota, _ = limits(answer)
        expect(
            quota.name in problem.get("violated-policies", ()),
            f"the problem does not name the violated policy {quota.name}",
            answer,
        )
    lab.tried(play.refused)


def expect_problem(lab: Lab, answer: Exchange, kind: str) -> Mapping[str, Any]:
    """Expect a problem of the registered ``kind`` that names the case and where to appeal."""
    problem = expect_type(lab, answer, kind)
    expect("case" in problem, "the problem names no case", answer)
    expect(
        problem.get("appeal") == lab.declaration.control_plane("appeals"),
        f"the problem says to appeal at {problem.get('appeal')}, the declaration at "
        f"{lab.declaration.control_plane('appeals')}",
        answer,
    )
    return problem


def expect_type(lab: Lab, answer: Exchange, kind: str) -> Mapping[str, Any]:
    """Expect a problem of the registered ``kind`` that agrees with the status of its answer."""
    expect(
        answer.media_type == "application/problem+json",
        f"expected the media type application/problem+json, got {answer.media_type or 'none'}",
        answer,
    )
    problem = lab.expect_document(answer, "problem")
    entries = lab.registry("problem-types")["entries"]
    wanted = next(entry["type"] for entry in entries if entry["id"] == kind)
    expect(problem["type"] == wanted, f"expected the type {wanted}, got {problem['type']}", answer)
    expect(
        problem["status"] == answer.status,
        f"the problem says status {problem['status']} in an answer {answer.status}",
        answer,
    )
    return problem


@requirement("RSP-04")
def test_the_quota_is_enforced_as_announced(lab: Lab) -> None:
    """Served while some of the quota remains, refused when none does, served after the reset."""
    play = throttled(lab)
    if not play.refused and limits(play.served[-1])[1].remaining > 0:
        raise Inconclusive(
            f"the quota of a throttled persona is larger than {QUOTA_SOUGHT_MAX} requests",
            play.served[-1],
        )
    left = None
    for answer in play.served:
        expect(
            left is None or left > 0,
            "a request was served after the announced remaining quota was zero",
            answer,
        )
        left = limits(answer)[1].remaining
    if play.refused:
        expect(
            left == 0,
            f"a request was refused while {left} requests remained of the announced quota",
            *play.served[-1:],
            play.refused[0],
        )
        expect(
            play.after_reset is not None and play.after_reset.status == 200,
            "after the announced reset the account is still refused",
            *([play.after_reset] if play.after_reset else []),
        )
    lab.tried([*play.served, *play.refused])


@requirement("RSP-05")
def test_a_suspended_account_is_refused_with_reasons(lab: Lab) -> None:
    """Whatever a suspended account asks, plain and streamed: 403, the case, where to appeal."""
    _refused_for_good(lab, "suspended", "account-suspended")


@requirement("RSP-06")
def test_a_terminated_account_is_refused_with_reasons(lab: Lab) -> None:
    """Whatever a terminated account asks, plain and streamed: 403, the case, where to appeal."""
    _refused_for_good(lab, "terminated", "account-terminated")


def _refused_for_good(lab: Lab, persona: str, kind: str) -> None:
    streaming = lab.surface.streaming
    asked = []
    within = requests_within(lab.surface, lab.dialect.abilities)
    for number, drawn in enumerate(lab.draw(within, lab.profile.odd_inputs)):
        request = replace(drawn, stream=streaming and number % 2 == 1)
        answer = lab.ask(request, persona, faults_too=True)
        asked.append(answer)
        expect(
            answer.status == 403,
            f"a {persona} account was answered {answer.status}, expected 403",
            answer,
        )
        expect_problem(lab, answer, kind)
    lab.tried(asked)


@requirement("RSP-07")
def test_only_the_transitions_of_the_ladder_happen(lab: Lab) -> None:
    """Generated walks over evidence, approvals and time: every change is an edge of the ladder.

    A walk ends where an answer was lost, for its last step may have been taken twice.
    """
    kinds = [entry["id"] for entry in lab.registry("evidence-kinds")["entries"]]
    longest = max(int(max(lab.declaration.document["ladder"]["quiet_s"].values())), 2)
    walks = lab.draw(ladder_walks(kinds, (60, longest // 2, longest), lab.profile.ladder_walks), 1)
    steps: list[Step] = []
    finished = 0
    for walk in walks[0]:
        fresh = lab.fresh()
        state = lab.ladder.initial
        for event in walk:
            if event.seconds:
                step = fresh.advance(event.seconds)
                allowed = step.standing in lab.ladder.reachable_by_time(state)
            else:
                step = fresh.flag(event.kinds, event.approvals)
                allowed = lab.ladder.allows(state, step.standing, "evidence")
            if lab.leave_out():
                break
            expect(
                allowed,
                f"after {event} the account went from {state} to {step.standing}, which the "
                "ladder does not allow",
                step,
            )
            state = step.standing
            steps.append(step)
        else:
            finished += 1
        lab.close()
    if 2 * finished < len(walks[0]):
        raise Untestable("answers were lost in most of the walks", *steps)
    lab.tried(steps)


@requirement("RSP-08")
def test_measures_step_down_in_time(lab: Lab) -> None:
    """Just before the declared time the state holds, just after it is a lower one."""
    declaration = lab.declaration
    fresh = lab.fresh()
    highest = "perturbed" if "perturbed" in declaration.states else "throttled"
    fresh.raise_to(highest)
    tried = []
    state, passed_s = highest, 0
    while state != lab.ladder.initial:
        tried.append(state)
        state = _steps_down(lab, fresh, state, declaration.quiet_s(state), passed_s)
        passed_s = MARGIN_S
    fresh.reset()
    fresh.raise_to("suspended")
    tried.append("suspended")
    _steps_down(lab, fresh, "suspended", declaration.suspension_review_s, 0)
    lab.tried(tried)


def _steps_down(lab: Lab, fresh: Fresh, state: str, after_s: int, passed_s: int) -> str:
    early = fresh.advance(max(after_s - passed_s - MARGIN_S, 1))
    expect(
        early.standing == state,
        f"{state} was left {MARGIN_S} s before the declared {after_s} s had passed",
        early,
    )
    late = fresh.advance(2 * MARGIN_S)
    lower = lab.ladder.ranks[late.standing] < lab.ladder.ranks[state]
    expect(
        lower,
        f"{state} still holds {MARGIN_S} s after the declared {after_s} s without new evidence",
        late,
    )
    return str(late.standing)


@requirement("RSP-09")
def test_no_step_is_taken_with_too_few_people(lab: Lab) -> None:
    """No evidence without approvals suspends; none and one person's approvals don't terminate."""
    fresh = lab.fresh()
    kinds = ("network", "burst")
    tried: list[object] = []
    fresh.raise_to("throttled")
    for _ in range(2):
        step = fresh.flag(kinds, ())
        tried.append(step)
        expect(
            step.standing not in ("suspended", "terminated"),
            f"an account came to be {step.standing} without any approval",
            step,
        )
    suspended = fresh.flag(kinds, ("ana",))
    if suspended.standing != "suspended":
        raise Untestable("evidence with one approval did not suspend the persona", suspended)
    one_person = [
        st.builds(lambda name, times: (name,) * times, names, st.integers(1, 4))
        for names in pseudonyms()
    ]
    for approvals in ((), *lab.draw_of_each(one_person, lab.profile.ladder_walks)):
        step = fresh.flag(kinds, approvals)
        tried.append(step)
        expect(
            step.standing != "terminated",
            f"a suspended account was terminated with {len(approvals)} approvals by one person",
            step,
        )
    lab.tried(tried)


@requirement("RSP-10")
def test_answers_tell_nothing_of_the_reason(lab: Lab) -> None:
    """Two personas in the same state by different evidence are told the same."""
    one, other = climb(lab, FIRST_KINDS), climb(lab, SECOND_KINDS)
    pairs = (
        ("account view of a throttled account", one.throttled_view, other.throttled_view),
        ("answer to a throttled account", one.throttled_chat, other.throttled_chat),
        ("account view of a suspended account", one.suspended_view, other.suspended_view),
        ("refusal of a suspended account", one.suspended_chat, other.suspended_chat),
    )
    for what, a, b in pairs:
        expect(
            a.status == b.status,
            f"the {what} depends on the evidence: status {a.status} and {b.status}",
            a,
            b,
        )
        difference = _difference(_told(a), _told(b))
        expect(difference is None, f"the {what} depends on the evidence: {difference}", a, b)
    lab.tried(pairs)


# What may differ between two accounts in the same state.
_OWN = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\b[a-z]+[_-][A-Za-z0-9_-]*\d[A-Za-z0-9_-]*\b|"
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)
_OWN_MEMBERS = frozenset(
    {
        *("account", "case", "instance", "since", "review_at", "id", "created", "choices", "usage"),
        # What an answer says in other dialects, and why it ended.
        *("created_at", "completed_at", "output", "incomplete_details", "content", "candidates"),
        *("stop_reason", "stop_sequence", "stop_details", "responseId", "usageMetadata"),
    }
)
_OWN_FIELDS = re.compile(
    r"date|content-length|retry-after|age|etag|ratelimit|x-ratelimit-(remaining|reset)-.+|"
    r"anthropic-ratelimit-.+-(remaining|reset)"
)


def _told(answer: Exchange) -> dict[str, Any]:
    """Return what an answer says, without what belongs to one account or one moment."""
    try:
        body = _without_own(answer.json())
    except MalformedBody:
        body = _OWN.sub("*", answer.text())
    fields = {
        name.lower(): "*" if "id" in name.lower().split("-") else _OWN.sub("*", value)
        for name, value in answer.headers
        if _OWN_FIELDS.fullmatch(name.lower()) is None
    }
    return {"body": body, "fields": fields}


def _without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "*" if name in _OWN_MEMBERS else _without_own(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_without_own(member) for member in value]
    return _OWN.sub("*", value) if isinstance(value, str) else value


def _difference(one: Any, other: Any, at: str = "") -> str | None:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            if name not in one or name not in other:
                return f"{at}/{name} stands in only one of them"
            found = _difference(one[name], other[name], f"{at}/{name}")
            if found:
                return found
        return None
    return None if one == other else f"{at} is {one!r} and {other!r}"


@requirement("RSP-11")
def test_the_control_plane_stays_open(lab: Lab) -> None:
    """Account view and appeals answer accounts whose inference is refused."""
    play = throttled(lab)
    expect(
        play.view.status == 200,
        f"with its quota used up, an account's view answered {play.view.status}",
        play.view,
    )
    appeals = lab.declaration.control_plane("appeals")
    asked = [play.view]
    for persona in ("suspended", "terminated"):
        if not lab.has_persona(persona):
            continue
        view = account_view(lab, persona)
        expect(view.status == 200, f"the view of a {persona} account: {view.status}", view)
        # An appeal that does not exist: an open control plane says so and nothing else.
        answer = lab.send("GET", f"{appeals}/none-{lab.key('appeal'):x}", persona, faults_too=True)
        expect(
            answer.status == 404,
            f"a {persona} account that asks for an appeal was answered {answer.status}, "
            "expected 404 for one that does not exist",
            answer,
        )
        asked += [view, answer]
    if len(asked) == 1:
        raise Untestable("the target file names neither a suspended nor a terminated persona")
    lab.tried(asked)
