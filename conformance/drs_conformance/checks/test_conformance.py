"""Checks of the chapter Conformance (CNF): the test personas and the test mode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from drs_conformance.checks.episodes import account_view, appeal, short_request
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import (
    NotApplicable,
    Untestable,
    Violation,
    expect,
    requirement,
)
from drs_conformance.checks.test_graduated_response import limits
from drs_conformance.ledger import Exchange
from drs_conformance.scheduling.leases import PersonaFault
from drs_conformance.traffic.odd_text import account_identifiers

DATE_MARGIN = timedelta(seconds=120)


def mode_root(lab: Lab) -> str:
    """Return the root of the test mode; without one its requirements do not apply."""
    root = lab.declaration.test_root
    if root is None:
        raise NotApplicable("the declaration names no test mode")
    return root


@requirement("CNF-01")
def test_a_reset_persona_is_in_good_standing(lab: Lab) -> None:
    """After a reset: the state standing, no case, the ordinary quota in full."""
    mode_root(lab)
    try:
        play = appeal(lab)
    except PersonaFault as error:
        raise Violation(error.summary, cause=error.cause) from error
    expect(
        play.reset.standing == "standing" and play.reset.state["case"] is None,
        f"after a reset the persona is {play.reset.standing} with the case "
        f"{play.reset.state['case']}",
        play.reset,
    )
    shown = lab.expect_document(play.view_after, "account-standing")
    expect(
        shown["standing"] == "standing",
        f"after a reset the account is shown as {shown['standing']}",
        play.view_after,
    )
    chat = play.chat_after
    expect(chat.status == 200, f"after a reset a request was answered {chat.status}", chat)
    # That the fields are there at all is what RSP-02 asks for.
    if chat.header("ratelimit") is not None and chat.header("ratelimit-policy") is not None:
        quota, left = limits(chat)
        expect(
            left.remaining == quota.quota - 1,
            f"after a reset and one request {left.remaining} of {quota.quota} requests remain",
            play.reset,
            chat,
        )
    lab.trials = 1


@requirement("CNF-02")
def test_the_test_mode_is_for_auditors(lab: Lab) -> None:
    """Each operation: 401 without a credential, 403 with another account's."""
    root = f"{mode_root(lab)}/personas"
    operations: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("GET", "/fresh-1", None),
        ("POST", "/fresh-1/reset", None),
        ("POST", "/fresh-1/advance", {"seconds": 1}),
        ("POST", "/fresh-1/flag", {"on": "evidence", "evidence": [], "approvals": []}),
    )
    if "eligibility_policy" in lab.declaration.document.get("documents", {}):
        operations += (("POST", "/fresh-1/eligibility", {}),)
    asked = []
    for method, path, document in operations:
        for persona, wanted in ((None, 401), ("control", 403)):
            answer = lab.send(method, root + path, persona, document, faults_too=True)
            asked.append(answer)
            who = "without a credential" if persona is None else f"by the account {persona}"
            expect(
                answer.status == wanted,
                f"{method} {root}{path} {who} was answered {answer.status}, expected {wanted}",
                answer,
            )
    lab.tried(asked)


@requirement("CNF-03")
def test_the_test_mode_reaches_test_personas_only(lab: Lab) -> None:
    """Names of no persona and identifiers of accounts are unknown to every operation."""
    root = f"{mode_root(lab)}/personas"
    view = account_view(lab, "control")
    account = lab.document(view, "account-standing")["account"]
    asked: list[Exchange] = []
    for name in (account, *lab.draw(account_identifiers(), lab.profile.odd_inputs)):
        for method, operation, document in (
            ("GET", "", None),
            ("POST", "/flag", {"on": "evidence", "evidence": [], "approvals": []}),
        ):
            answer = lab.send(
                method, f"{root}/{name}{operation}", "auditor", document, faults_too=True
            )
            asked.append(answer)
            expect(
                answer.status == 404,
                f"{method} of the test mode for '{name}', which is no persona, was answered "
                f"{answer.status}, expected 404",
                answer,
            )
    lab.tried(asked)


@requirement("CNF-04")
def test_advancing_a_persona_moves_no_other_clock(lab: Lab) -> None:
    """Date stays true, and another persona's clock stays where it is."""
    mode_root(lab)
    moved, other = lab.fresh(), lab.fresh()
    before = other.truth()
    step = moved.advance(200_000)
    after = other.truth()
    chat = lab.ask(short_request(lab), moved.name)
    expect(
        after.state["clock_offset_s"] == before.state["clock_offset_s"],
        f"advancing {moved.name} moved the clock of {other.name} as well",
        before,
        after,
    )
    for answer in (step.exchange, after.exchange, chat):
        expect(
            _date_is_true(answer),
            f"Date is {answer.header('date') or 'missing'} in an answer received at "
            f"{answer.received_at}",
            step,
            answer,
            cause="a proxy in between may also have a wrong clock; the limit is "
            f"{DATE_MARGIN.seconds} s",
        )
    lab.trials = 1


def _date_is_true(answer: Exchange) -> bool:
    try:
        stated = parsedate_to_datetime(answer.header("date") or "")
    except (ValueError, OverflowError):
        return False
    if stated.tzinfo is None:  # `-0000`: in UTC, of unknown local time
        stated = stated.replace(tzinfo=UTC)
    return abs(stated - datetime.fromisoformat(answer.received_at)) <= DATE_MARGIN


@requirement("CNF-05")
def test_held_personas_are_in_their_state(lab: Lab) -> None:
    """Each held persona is shown, and known to the auditor, in the state of its name."""
    wanted = {"control": "standing", "throttled": "throttled"} | {
        name: name for name in ("suspended", "terminated")
    }
    held = [name for name in wanted if lab.has_persona(name)]
    if held == ["control"]:
        raise Untestable("the target file names no held persona")
    for name in held:
        view = account_view(lab, name)
        shown = lab.document(view, "account-standing")
        expect(
            shown["standing"] == wanted[name],
            f"the persona {name} is shown as {shown['standing']}",
            view,
        )
    if lab.declaration.test_root is not None and lab.has_persona("perturbed"):
        path = f"{lab.declaration.test_root}/personas/perturbed"
        truth = lab.send("GET", path, "auditor")
        state = lab.document(truth, "persona-state")["state"]
        expect(state == "perturbed", f"the persona perturbed is in the state {state}", truth)
    lab.tried(held)


@requirement("CNF-06")
def test_records_survive_a_reset(lab: Lab) -> None:
    """The case record after the reset holds every transition that it held before."""
    mode_root(lab)
    play = appeal(lab)
    before = lab.document(play.case_before, "case-record")["transitions"]
    after = play.case_after
    expect(
        after.status == 200,
        f"after the reset the case record reads {after.status}",
        play.reset,
        after,
    )
    record = lab.expect_document(after, "case-record")
    kept = record["transitions"][: len(before)]
    expect(
        kept == before,
        f"of {len(before)} transitions before the reset the record keeps "
        f"{sum(a == b for a, b in zip(before, kept, strict=False))}",
        play.case_before,
        after,
    )
    lab.trials = 1
