"""A refusal by policy is told from a fault of the infrastructure."""

import json

import pytest
from drs_conformance.ledger import Exchange, Fault, WireRequest, classify

TYPES = {
    "suspended": "https://distillation-resistance.example/problems#account-suspended",
    "abnormal": "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
    "other": "https://example.com/problems#maintenance",
}


def exchange(status, body=b"", headers=(), media_type="application/json", fault=None):
    return Exchange(
        "x-000001", "T", 1, WireRequest("GET", "/", None), status,
        (("Content-Type", media_type), *headers), body, 0.1, "", "", fault,
    )  # fmt: skip


def problem(name):
    return json.dumps({"type": TYPES[name], "title": "t", "status": 1, "detail": "d"}).encode()


@pytest.mark.parametrize("status", [200, 204, 302, 304, 399])
def test_below_400_is_an_answer(status):
    assert classify(exchange(status)) == "answer"
    assert classify(exchange(status, problem("suspended"))) == "answer"


@pytest.mark.parametrize("status", [400, 403, 418, 429, 500, 503])
@pytest.mark.parametrize("name", ["suspended", "abnormal"])
def test_a_registered_problem_is_policy_whatever_the_status(status, name):
    assert classify(exchange(status, problem(name))) == "policy"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_ordinary_errors_of_a_dialect_are_policy(status):
    assert classify(exchange(status, b'{"error": {"message": "no"}}')) == "policy"
    assert classify(exchange(status)) == "policy"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529, 599])
@pytest.mark.parametrize("body", [b"", b'{"error": {"message": "no"}}', problem("other"), b"<p>"])
def test_server_errors_are_infrastructure(status, body):
    assert classify(exchange(status, body, (("Retry-After", "1"),))) == "infrastructure"


@pytest.mark.parametrize(
    "field", ["RateLimit", "ratelimit-policy", "Retry-After", "X-RateLimit-Limit-Requests"]
)
def test_a_429_by_a_limiter_that_speaks_is_policy(field):
    assert classify(exchange(429, b"", ((field, "1"),))) == "policy"
    page = exchange(429, b"<html>", ((field, "1"),), "text/html; charset=utf-8")
    assert classify(page) == "infrastructure"


@pytest.mark.parametrize("body", [b"", b"slow down", b'{"error": {}}', problem("other")])
def test_a_bare_429_is_infrastructure(body):
    assert classify(exchange(429, body)) == "infrastructure"


def test_a_page_of_a_firewall_is_infrastructure():
    assert classify(exchange(403, b"<html>", media_type="text/html")) == "infrastructure"
    assert classify(exchange(404, b"<html>", media_type="text/html")) == "policy"


@pytest.mark.parametrize("body", [b"\xff", b"[" * 5000, b'{"type": []}', b"[]", b'{"type": {}}'])
def test_odd_bodies_do_not_matter(body):
    assert classify(exchange(503, body)) == "infrastructure"


@pytest.mark.parametrize("status", [408, 421, 425, 431, 499])
def test_other_client_errors_are_infrastructure(status):
    assert classify(exchange(status)) == "infrastructure"


def test_faults_are_infrastructure():
    assert classify(exchange(None, fault=Fault("timeout", "slow"))) == "infrastructure"
