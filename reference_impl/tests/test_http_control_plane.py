"""The control plane of a running endpoint; every document is checked against its schema."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

DAY = 86400
EVIDENCE = {"on": "evidence", "evidence": [{"kind": "burst"}], "approvals": []}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_declaration_is_open_valid_and_cacheable(endpoint: Any, conforms: Any) -> None:
    answer = endpoint.call(None, "GET", "/.well-known/distillation-resistance")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    age = re.search(r"max-age=(\d+)", answer.headers["cache-control"])
    assert age is not None
    assert int(age[1]) <= DAY
    declaration = answer.json()
    conforms("declaration", declaration)
    assert declaration["issuer"] == endpoint.url
    assert moment(declaration["issued_at"]) <= datetime.now(UTC)
    assert moment(declaration["expires_at"]) > datetime.now(UTC) + timedelta(days=7)


def test_good_standing_is_shown(endpoint: Any, fresh: str, conforms: Any) -> None:
    answer = endpoint.call(fresh, "GET", "/drs/v1/account")
    conforms("account-standing", answer.json())
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["standing"] == "standing"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic {key}", "{key}", "Bearer {key}x"],
)
def test_without_a_valid_credential_there_is_no_answer(
    endpoint: Any, conforms: Any, authorization: str | None
) -> None:
    key = endpoint.keys["auditor"]
    headers = {} if authorization is None else {"Authorization": authorization.format(key=key)}
    for method, path in (
        ("GET", "/drs/v1/account"),
        ("POST", "/drs/v1/appeals"),
        ("GET", "/drs/v1/appeals/appeal-1"),
        ("GET", "/drs/v1/cases/case-1"),
        ("GET", "/drs/v1/test/personas/control"),
        ("POST", "/drs/v1/test/personas/control/reset"),
        ("POST", "/drs/v1/test/personas/control/advance"),
        ("POST", "/drs/v1/test/personas/control/flag"),
        ("POST", "/drs/v1/test/personas/control/eligibility"),
    ):
        answer = endpoint.call(None, method, path, headers=headers)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        conforms("problem", answer.json())


def test_two_credentials_are_none(endpoint: Any) -> None:
    keys = [f"Bearer {endpoint.keys[persona]}" for persona in ("control", "auditor")]
    headers = [("Authorization", key) for key in keys]
    assert endpoint.call(None, "GET", "/drs/v1/account", headers=headers).status_code == 401


def test_auditors_only(endpoint: Any, conforms: Any) -> None:
    for method, path in (
        ("GET", "/drs/v1/cases/case-1"),
        ("GET", "/drs/v1/test/personas/control"),
        ("POST", "/drs/v1/test/personas/fresh-1/reset"),
        ("POST", "/drs/v1/test/personas/nobody/flag"),
    ):
        answer = endpoint.call("control", method, path, json=EVIDENCE)
        assert answer.status_code == 403, (method, path)
        conforms("problem", answer.json())
    for path in ("/drs/v1/cases/case-1", "/drs/v1/test/personas/nobody"):
        assert endpoint.call("auditor", "GET", path).status_code == 404


def test_the_whole_ladder_as_an_auditor_sees_it(endpoint: Any, fresh: str, conforms: Any) -> None:
    states = [endpoint.flag(fresh) for _ in range(3)]
    states.append(endpoint.flag(fresh, "ann"))
    states.append(endpoint.flag(fresh, "ann", "ann"))
    states.append(endpoint.flag(fresh, "ann", "bob"))
    for state in states:
        conforms("persona-state", state)
    assert [state["state"] for state in states] == [
        "observed",
        "throttled",
        "perturbed",
        "suspended",
        "suspended",
        "terminated",
    ]
    assert len({state["case"] for state in states}) == 1
    record = endpoint.case(states[0]["case"])
    conforms("case-record", record)
    assert [step["to"] for step in record["transitions"]] == [
        "observed",
        "throttled",
        "perturbed",
        "suspended",
        "terminated",
    ]
    assert record["transitions"][-1]["approvals"] == ["ann", "bob"]
    assert [(n["state"], n["mode"]) for n in record["notices"]] == [
        ("throttled", "immediate"),
        ("perturbed", "deferred"),
        ("suspended", "immediate"),
        ("terminated", "immediate"),
    ]


def test_observation_is_hidden_from_the_account(endpoint: Any, fresh: str) -> None:
    before = endpoint.standing(fresh)
    assert endpoint.flag(fresh)["state"] == "observed"
    assert endpoint.standing(fresh) == before


def test_a_covert_measure_is_hidden_until_its_notice_is_due(
    endpoint: Any, fresh: str, conforms: Any
) -> None:
    for _ in range(2):
        endpoint.flag(fresh)
    before = endpoint.standing(fresh)
    conforms("account-standing", before)
    state = endpoint.flag(fresh)
    assert moment(state["notice_due_at"]) - moment(state["since"]) == timedelta(days=1)
    assert endpoint.standing(fresh) == before
    assert endpoint.advance(fresh, DAY - 60)["notice_due_at"] is not None
    assert endpoint.standing(fresh) == before
    assert endpoint.advance(fresh, 60)["notice_due_at"] is None
    told = endpoint.standing(fresh)
    conforms("account-standing", told)
    assert (told["standing"], told["since"]) == ("perturbed", state["since"])
    assert told["measures"][-1]["mechanism"] == "green-list-watermark"
    notice = endpoint.case(state["case"])["notices"][-1]
    assert notice["given_at"] == notice["due_at"]


def test_quiet_time_leads_back_to_good_standing(endpoint: Any, fresh: str) -> None:
    for _ in range(2):
        case = endpoint.flag(fresh)["case"]
    assert endpoint.advance(fresh, 2 * DAY - 60)["state"] == "throttled"
    assert endpoint.advance(fresh, 60)["state"] == "observed"
    assert endpoint.standing(fresh)["standing"] == "standing"
    assert endpoint.advance(fresh, DAY)["case"] is None
    assert [step["on"] for step in endpoint.case(case)["transitions"]][-2:] == ["time", "time"]


def test_a_suspension_lapses_without_a_confirming_decision(endpoint: Any, fresh: str) -> None:
    for approvals in ((), (), ("ann",)):
        endpoint.flag(fresh, *approvals)
    assert endpoint.advance(fresh, 3 * DAY)["state"] == "observed"


def test_an_appeal_is_received_read_and_upheld(endpoint: Any, fresh: str, conforms: Any) -> None:
    for _ in range(2):
        case = endpoint.flag(fresh)["case"]
    request = {"case": case, "statement": "We are a university."}
    conforms("appeal-request", request)
    answer = endpoint.call(fresh, "POST", "/drs/v1/appeals", json=request)
    assert answer.status_code == 202
    appeal = answer.json()
    conforms("appeal", appeal)
    assert moment(appeal["decide_by"]) - moment(appeal["received_at"]) == timedelta(days=7)
    location = answer.headers["location"]
    assert endpoint.call(fresh, "GET", location).json() == appeal
    assert endpoint.call("auditor", "GET", location).json() == appeal
    assert endpoint.call("fresh-2", "GET", location).status_code == 404
    assert endpoint.case(case)["appeals"] == [appeal["appeal"]]
    assert endpoint.flag(fresh, on="appeal-upheld")["state"] == "throttled"
    assert endpoint.flag(fresh, "ann", on="appeal-upheld")["state"] == "standing"
    assert endpoint.call(fresh, "GET", location).json()["status"] == "upheld"
    assert endpoint.standing(fresh)["standing"] == "standing"


def test_only_a_case_that_was_told_can_be_appealed(endpoint: Any, fresh: str) -> None:
    case = endpoint.flag(fresh)["case"]
    request = {"case": case, "statement": "Why?"}
    assert endpoint.call(fresh, "POST", "/drs/v1/appeals", json=request).status_code == 404
    endpoint.flag(fresh)
    assert endpoint.call("control", "POST", "/drs/v1/appeals", json=request).status_code == 404
    assert endpoint.call(fresh, "POST", "/drs/v1/appeals", json=request).status_code == 202


@pytest.mark.parametrize("persona", ["throttled", "perturbed", "suspended", "terminated"])
def test_held_personas_stay(endpoint: Any, conforms: Any, persona: str) -> None:
    path = f"/drs/v1/test/personas/{persona}"
    state = endpoint.call("auditor", "GET", path).json()
    conforms("persona-state", state)
    assert (state["state"], state["held"]) == (persona, True)
    for action, document in (("flag", EVIDENCE), ("advance", {"seconds": 5})):
        answer = endpoint.test_mode(persona, action, document)
        assert answer.status_code == 409
        conforms("problem", answer.json())
    again = endpoint.test_mode(persona, "reset")
    assert again.json()["state"] == persona
    record = endpoint.case(again.json()["case"])
    conforms("case-record", record)
    conforms("account-standing", endpoint.standing(persona))
    old = endpoint.case(state["case"])
    assert old["transitions"][-1]["on"] == "reset"


def test_a_reset_clears_the_standing_and_keeps_the_case(
    endpoint: Any, fresh: str, conforms: Any
) -> None:
    for _ in range(2):
        case = endpoint.flag(fresh)["case"]
    endpoint.advance(fresh, 100)
    state = endpoint.test_mode(fresh, "reset").json()
    conforms("persona-state", state)
    assert (state["state"], state["clock_offset_s"], state["case"]) == ("standing", 0, None)
    assert abs(moment(state["since"]) - datetime.now(UTC)) < timedelta(seconds=30)
    assert len(endpoint.case(case)["transitions"]) == 3
    assert endpoint.flag(fresh)["case"] != case


def test_advancing_moves_one_persona_and_never_the_date(endpoint: Any, fresh: str) -> None:
    other = endpoint.call("auditor", "GET", "/drs/v1/test/personas/fresh-2").json()
    endpoint.advance(fresh, 31536000)
    answer = endpoint.call("auditor", "GET", "/drs/v1/test/personas/fresh-2")
    assert answer.json() == other
    date = datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S %Z")
    assert abs(date.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(seconds=30)


def test_a_clock_is_advanced_by_a_century_at_most(endpoint: Any, fresh: str) -> None:
    with endpoint.client("auditor") as client:
        path = f"/drs/v1/test/personas/{fresh}/advance"
        for _ in range(101):
            answer = client.post(path, json={"seconds": 31536000})
            if answer.status_code != 200:
                break
            century = answer.json()["clock_offset_s"]
    assert (answer.status_code, century) == (409, 100 * 31536000)
    assert endpoint.standing(fresh)["standing"] == "standing"


@pytest.mark.parametrize(
    ("action", "document"),
    [
        ("advance", {}),
        ("advance", {"seconds": 0}),
        ("advance", {"seconds": -1}),
        ("advance", {"seconds": 1.5}),
        ("advance", {"seconds": "1"}),
        ("advance", {"seconds": 10**12}),
        ("advance", {"seconds": 1, "more": 1}),
        ("advance", [1]),
        ("flag", {**EVIDENCE, "on": "rumour"}),
        ("flag", {**EVIDENCE, "evidence": [{"kind": "nationality"}]}),
        ("flag", {**EVIDENCE, "evidence": []}),
        ("flag", {**EVIDENCE, "on": "appeal-upheld"}),
        ("flag", {**EVIDENCE, "approvals": [""]}),
        ("flag", {**EVIDENCE, "approvals": "ann"}),
        ("flag", {"on": "evidence"}),
    ],
)
def test_a_wrong_document_is_refused_and_changes_nothing(
    endpoint: Any, fresh: str, conforms: Any, action: str, document: Any
) -> None:
    before = endpoint.call("auditor", "GET", f"/drs/v1/test/personas/{fresh}").json()
    answer = endpoint.test_mode(fresh, action, document)
    assert answer.status_code == 400
    conforms("problem", answer.json())
    assert endpoint.call("auditor", "GET", f"/drs/v1/test/personas/{fresh}").json() == before


@pytest.mark.parametrize(
    "document", [{}, {"case": "c"}, {"case": 1, "statement": "x"}, {"case": "c", "statement": ""}]
)
def test_a_wrong_appeal_is_refused(endpoint: Any, conforms: Any, document: Any) -> None:
    answer = endpoint.call("throttled", "POST", "/drs/v1/appeals", json=document)
    assert answer.status_code == 400
    conforms("problem", answer.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/drs/v1/nothing", 404),
        ("DELETE", "/drs/v1/account", 405),
        ("GET", "/drs/v1/account/", 404),
        ("POST", "/.well-known/distillation-resistance", 405),
        ("GET", "/drs/v1/cases/%00", 404),
    ],
)
def test_other_paths_and_methods_are_problems(
    endpoint: Any, conforms: Any, method: str, path: str, status: int
) -> None:
    answer = endpoint.call("auditor", method, path)
    assert answer.status_code == status
    conforms("problem", answer.json())
