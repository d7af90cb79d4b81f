"""The control plane as OpenAPI, held against the running endpoint.

Schemathesis draws requests, right and wrong ones, from the document alone and holds every answer
against it; a walk then reaches the answers that no random request finds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

schema = schemathesis.openapi.from_path(
    Path(__file__).resolve().parents[2] / "schemas/0.1/control-plane.openapi.json"
)
# A body that is too large is refused before anybody looks what is wrong with it.
schema.config.checks.negative_data_rejection.expected_statuses.append("413")
WELL_KNOWN = "/.well-known/distillation-resistance"
PERSONA = "/drs/v1/test/personas/{persona}"
WINDOW = {
    "drs_version": "0.1",
    "window": "w-1",
    "data": "test",
    "from": "2026-01-01T00:00:00Z",
    "to": "2026-01-08T00:00:00Z",
    "accounts": [
        {
            "account": "a-1",
            "links": [],
            "requests": [{"at": "2026-01-01T00:00:00Z", "prompt": "Hello"}],
        }
    ],
}
CORPUS = {"drs_version": "0.1", "corpus": "c-1", "samples": [{"response": "Some text."}]}
LIKELIHOOD = {
    "drs_version": "0.1",
    "model": "drs-reference-1",
    "messages": [{"role": "user", "content": "Hello"}],
    "answers": ["Hello", ""],
}
EVIDENCE = {"on": "evidence", "evidence": [{"kind": "burst"}], "approvals": []}
SEAT = {"seats": [{"of": "customer", "place": "XA"}]}


@pytest.fixture(name="declaration", scope="module")
def _declaration(endpoint: Any) -> Any:
    return endpoint.call(None, "GET", WELL_KNOWN).json()


def is_offered(declaration: Any, operation: Any) -> bool:
    """Tell whether the declaration names the path of an operation."""
    part = declaration
    for name in operation.definition.raw.get("x-declared-at", "").split("/")[1:]:
        part = part.get(name, {})
    return bool(part)


@pytest.mark.parametrize("persona", ["auditor", "fresh-1", None])
@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_of_the_document(
    case: Any, persona: str | None, endpoint: Any, declaration: Any
):
    headers = {"Authorization": f"Bearer {endpoint.keys[persona]}"} if persona else {}
    if is_offered(declaration, case.operation):
        case.call_and_validate(base_url=endpoint.url, headers=headers)
    else:
        assert case.operation.definition.raw["x-optional"]
        assert case.call(base_url=endpoint.url, headers=headers).status_code == 404


def test_every_documented_answer_is_reached(endpoint: Any, declaration: Any, fresh: str):
    reached: dict[str, set[str]] = {}

    def ask(caller: str | None, method: str, path: str, json: Any = None, **members: str) -> Any:
        operation = schema[path][method]
        answer = endpoint.call(caller, method, path.format(**members), json=json)
        operation.validate_response(answer)
        reached.setdefault(operation.label, set()).add(str(answer.status_code))
        return answer

    ask(None, "GET", WELL_KNOWN)
    ask(None, "GET", "/drs/v1/eligibility")
    ask(None, "GET", "/drs/v1/account")
    ask(fresh, "GET", "/drs/v1/account")
    for action, body in (
        ("advance", {"seconds": 1}),
        ("flag", EVIDENCE),
        ("eligibility", SEAT),
        ("reset", None),
    ):
        path = f"{PERSONA}/{action}"
        for caller, persona in ((None, fresh), (fresh, fresh), ("auditor", "nobody")):
            ask(caller, "POST", path, body, persona=persona)
        if body:
            ask("auditor", "POST", path, [], persona=fresh)
            ask("auditor", "POST", path, body, persona="suspended")
            ask("auditor", "POST", path, {"pad": "x" * 2**20}, persona=fresh)
            ask("auditor", "POST", path, body, persona=fresh)
    for caller, persona in ((None, fresh), (fresh, fresh), ("auditor", "nobody")):
        ask(caller, "GET", PERSONA, persona=persona)
    endpoint.reset(fresh)
    endpoint.flag(fresh)
    assert endpoint.flag(fresh, "a")["state"] == "throttled"
    case = ask("auditor", "GET", PERSONA, persona=fresh).json()["case"]
    for caller, name in ((None, case), (fresh, case), ("auditor", "none"), ("auditor", case)):
        ask(caller, "GET", "/drs/v1/cases/{case}", case=name)
    appeal = {"case": case, "statement": "These are the exercises of a class."}
    for body in ([], {"pad": "x" * 2**20}, {**appeal, "case": "none"}):
        ask(fresh, "POST", "/drs/v1/appeals", body)
    ask(None, "POST", "/drs/v1/appeals", appeal)
    name = ask(fresh, "POST", "/drs/v1/appeals", appeal).json()["appeal"]
    for caller, known in ((None, name), (fresh, "none"), (fresh, name)):
        ask(caller, "GET", "/drs/v1/appeals/{appeal}", appeal=known)
    ask("auditor", "POST", f"{PERSONA}/reset", persona=fresh)
    for caller, body in (
        (None, WINDOW),
        (fresh, WINDOW),
        ("auditor", []),
        ("auditor", {"pad": "x" * 2**25}),
        ("auditor", WINDOW),
    ):
        ask(caller, "POST", "/drs/v1/detector/score", body)

    for caller, body in (
        (None, CORPUS),
        (fresh, CORPUS),
        ("auditor", []),
        ("auditor", {"pad": "x" * 2**25}),
        ("auditor", CORPUS),
    ):
        ask(caller, "POST", "/drs/v1/provenance", body)
    for caller, body in (
        (None, LIKELIHOOD),
        (fresh, LIKELIHOOD),
        ("auditor", []),
        ("auditor", {"pad": "x" * 2**20}),
        ("auditor", LIKELIHOOD),
    ):
        ask(caller, "POST", "/drs/v1/likelihood", body)

    question = {
        "model": "drs-reference-1-reasoning",
        "messages": [{"role": "user", "content": "What is 47 + 85?"}],
    }
    answered = endpoint.call(fresh, "POST", "/v1/reasoning/chat/completions", json=question)
    answer = answered.json()["id"]
    for caller, name in ((None, answer), (fresh, answer), ("auditor", "none"), ("auditor", answer)):
        ask(caller, "GET", "/drs/v1/reasoning/{answer}", answer=name)

    # A body that does not arrive is tested with the raw sockets of test_http_malformed.
    documented = {
        operation.label: set(operation.definition.raw["responses"]) - {"408"}
        for operation in (result.ok() for result in schema.get_all_operations())
        if is_offered(declaration, operation)
    }
    # The hooks are offered here, so they are there.
    documented["POST /drs/v1/detector/score"].remove("404")
    documented["POST /drs/v1/likelihood"].remove("404")
    documented["POST /drs/v1/provenance"].remove("404")
    assert reached == documented
