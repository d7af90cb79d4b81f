"""Checks of the chapter Transparency and recourse (REC)."""

from __future__ import annotations

from drs_conformance.checks.episodes import (
    FIRST_KINDS,
    SECOND_KINDS,
    appeal,
    climb,
    covert,
    local_path,
)
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Inconclusive, expect, requirement
from drs_conformance.checks.test_graduated_response import limits
from drs_conformance.ledger import Exchange
from drs_conformance.specification.formats import moment

KINDS_OF_MEASURE = {"throttled": "throttle", "suspended": "suspend"}


@requirement("REC-01")
def test_overt_measures_are_told_at_once(lab: Lab) -> None:
    """The account view right after the step shows standing, measure and case."""
    for kinds in (FIRST_KINDS, SECOND_KINDS):
        play = climb(lab, kinds)
        for step, view in (
            (play.throttled, play.throttled_view),
            (play.suspended, play.suspended_view),
        ):
            shown = lab.expect_document(view, "account-standing")
            expect(
                shown["standing"] == step.standing,
                f"the account is {step.standing} and is shown as {shown['standing']}",
                step,
                view,
            )
            expect(
                shown["case"] == step.state["case"],
                f"the account view names the case {shown['case']}, the auditor sees "
                f"{step.state['case']}",
                step,
                view,
            )
            wanted = KINDS_OF_MEASURE[step.standing]
            expect(
                any(measure["kind"] == wanted for measure in shown["measures"]),
                f"the account view of a {step.standing} account lists no measure {wanted}",
                view,
            )
    lab.trials = 4


@requirement("REC-02")
def test_a_deferred_notice_comes_due(lab: Lab) -> None:
    """When the declared delay has passed the account view shows the covert measure."""
    play = covert(lab)
    if play.due.standing != "perturbed":
        raise Inconclusive(
            f"the measure was no longer in force when its notice fell due: {play.due.standing}",
            play.due,
        )
    shown = lab.expect_document(play.view_after, "account-standing")
    delay = lab.declaration.covert_delay_max_s
    expect(
        shown["standing"] == "perturbed"
        and any(measure["kind"] == "perturb" for measure in shown["measures"]),
        f"{delay} s after the covert measure took effect the account view still shows "
        f"{shown['standing']}",
        play.due,
        play.view_after,
    )
    lab.trials = 1


@requirement("REC-03")
def test_auditors_see_what_is_deferred(lab: Lab) -> None:
    """The case record shows the covert measure from the moment it takes effect."""
    play = covert(lab)
    record = play.case_record
    expect(record.status == 200, f"the case record answered the auditor {record.status}", record)
    case = lab.expect_document(record, "case-record")
    expect(
        case["state"] == "perturbed",
        f"the case record shows the state {case['state']}, expected perturbed",
        record,
    )
    steps = [step for step in case["transitions"] if step["to"] == "perturbed"]
    expect(
        bool(steps) and bool(steps[-1]["evidence"]),
        "the case record shows no transition to perturbed with its evidence",
        record,
    )
    told = [notice for notice in case["notices"] if notice["state"] == "perturbed"]
    expect(bool(told), "the case record says nothing of a notice of the covert measure", record)
    due = moment(told[-1]["due_at"])
    begun = moment(steps[-1]["at"])
    delay_s = lab.declaration.covert_delay_max_s
    expect(
        (due - begun).total_seconds() <= delay_s,
        f"the notice falls due {due - begun} after the measure, declared are {delay_s} s",
        record,
    )
    lab.trials = 1


@requirement("REC-04")
def test_appeals_are_accepted(lab: Lab) -> None:
    """Whatever it says: 202, where to read it, a date of decision within the declared time."""
    play = appeal(lab)
    for answer in play.lodged:
        _expect_accepted(lab, answer, play.throttled.state["case"])
    lab.tried(play.lodged)


def _expect_accepted(lab: Lab, answer: Exchange, case: str) -> None:
    expect(answer.status == 202, f"an appeal was answered {answer.status}, expected 202", answer)
    location = answer.header("location")
    expect(
        local_path(location, lab.target.root) is not None,
        f"expected a Location below {lab.target.root}, got {location or 'none'}",
        answer,
    )
    accepted = lab.expect_document(answer, "appeal")
    named = accepted.get("case")
    expect(named == case, f"the appeal names the case {named}", answer)
    received = moment(accepted["received_at"])
    promised = moment(accepted["decide_by"]) - received
    declared_s = lab.declaration.decision_max_s
    expect(
        0 < promised.total_seconds() <= declared_s,
        f"the appeal is to be decided within {promised}, declared are {declared_s} s",
        answer,
    )


@requirement("REC-05")
def test_accepted_appeals_are_kept(lab: Lab) -> None:
    """The appeal can be read again by who made it, and stands in the case record."""
    play = appeal(lab)
    accepted = lab.document(play.accepted, "appeal")
    again = play.read_again
    if again is None:
        return
    expect(again.status == 200, f"the appeal reads {again.status} at its Location", again)
    read = lab.expect_document(again, "appeal")
    expect(
        read["appeal"] == accepted["appeal"],
        f"the Location shows the appeal {read['appeal']}, accepted was {accepted['appeal']}",
        again,
    )
    case = lab.expect_document(play.case_before, "case-record")
    expect(
        accepted["appeal"] in case["appeals"],
        "the case record does not list the accepted appeal",
        play.case_before,
    )
    lab.trials = 2


@requirement("REC-06")
def test_an_upheld_appeal_restores_the_account(lab: Lab) -> None:
    """Good standing and the ordinary quota, from the next request on."""
    for kinds in (FIRST_KINDS, SECOND_KINDS):
        play = climb(lab, kinds)
        expect(
            play.restored.standing == "standing",
            f"after an upheld appeal the account is {play.restored.standing}",
            play.restored,
        )
        shown = lab.expect_document(play.restored_view, "account-standing")
        expect(
            shown["standing"] == "standing",
            f"after an upheld appeal the account is shown as {shown['standing']}",
            play.restored_view,
        )
        chat = play.restored_chat
        expect(
            chat.status == 200,
            f"after an upheld appeal the next request was answered {chat.status}",
            play.restored,
            chat,
        )
        quota, _ = limits(chat)
        ordinary, _ = limits(play.throttled_chat)
        expect(
            quota.name != ordinary.name or quota.quota > ordinary.quota,
            "after an upheld appeal the quota is still that of a throttled account",
            chat,
        )
    lab.trials = 2


@requirement("REC-07")
def test_nothing_shows_across_accounts(lab: Lab) -> None:
    """Standing, case and appeal: nothing without a credential, nothing for another account."""
    play = appeal(lab)
    declaration = lab.declaration
    case = play.throttled.state["case"]
    own = local_path(play.accepted.header("location"), lab.target.root)
    cases, appeals = declaration.control_plane("cases"), declaration.control_plane("appeals")
    asked = []
    attempts: list[tuple[str, str, str | None, dict[str, str] | None]] = [
        ("GET", declaration.control_plane("account"), None, None),
        ("GET", f"{cases}/{case}", None, None),
        ("GET", f"{cases}/{case}", "control", None),
        ("POST", appeals, "control", {"case": str(case), "statement": "Not my case."}),
    ]
    if own is not None:
        attempts += [("GET", own, None, None), ("GET", own, "control", None)]
    for method, path, persona, document in attempts:
        answer = lab.send(method, path, persona, document, faults_too=True)
        asked.append(answer)
        who = "without a credential" if persona is None else "by another account"
        expect(
            answer.status in (401, 403, 404),
            f"{method} {path} {who} was answered {answer.status}, expected 401, 403 or 404",
            answer,
        )
    lab.tried(asked)
