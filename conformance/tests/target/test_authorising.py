"""Nothing is probed beyond what an authorisation permits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from drs_conformance.target import AuthorisationError, authorise

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_an_authorisation_in_force_permits(load):
    authorise(load(), NOW)
    authorise(load(), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "pointer"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), "/not_before"),
        (datetime(2026, 12, 31, tzinfo=UTC), "/expires_at"),
        (datetime(2026, 12, 31, 1, tzinfo=timezone(timedelta(hours=1))), "/expires_at"),
    ],
)
def test_outside_its_period_it_does_not(load, now, pointer):
    with pytest.raises(AuthorisationError) as caught:
        authorise(load(), now)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


@pytest.mark.parametrize(
    ("origin", "base_url", "covered"),
    [
        ("http://127.0.0.1:*", "http://127.0.0.1:5000/v1", True),
        ("http://[::1]:*", "http://[0:0:0:0:0:0:0:1]:5000/v1", True),
        ("http://127.0.0.1:*", "https://127.0.0.1:5000/v1", False),
        ("http://127.0.0.1:*", "http://localhost:5000/v1", False),
        ("http://127.0.0.1:*", "http://127.0.0.2:5000/v1", False),
        ("https://api.example.com", "https://api.example.com:443/v1", True),
        ("https://API.example.com:443", "https://api.EXAMPLE.com", True),
        ("https://api.example.com", "https://api.example.com:8443/v1", False),
        ("https://api.example.com", "http://api.example.com/v1", False),
        ("https://api.example.com", "https://api.example.com.evil.net/v1", False),
        ("https://api.example.com", "https://other.example.com/v1", False),
        ("http://127.0.0.1:80", "http://127.0.0.1/v1", True),
    ],
)
def test_scheme_host_and_port_have_to_be_covered(load, document, permit, origin, base_url, covered):
    document["base_url"] = base_url
    permit["origins"] = [origin]
    target = load()
    if covered:
        authorise(target, NOW)
    else:
        with pytest.raises(AuthorisationError, match="none of the authorised origins"):
            authorise(target, NOW)


def test_the_root_of_a_ready_line_has_to_be_covered_too(load, permit):
    permit["origins"] = ["http://127.0.0.1:8080"]
    target = load()
    authorise(target, NOW)
    with pytest.raises(AuthorisationError, match="none of the authorised origins"):
        authorise(target.rebased("http://127.0.0.1:8081"), NOW)


@pytest.mark.parametrize("limit", ["max_requests", "max_output_tokens", "max_cost_usd"])
def test_the_budget_has_to_be_within_the_bounds(load, document, permit, limit):
    permit["bounds"][limit] = document["budget"][limit]
    authorise(load(), NOW)
    document["budget"][limit] += 1
    with pytest.raises(AuthorisationError, match=f"/budget/{limit}") as caught:
        authorise(load(), NOW)
    assert len(caught.value.problems) == 1


def test_a_waiver_holds_to_the_end_of_its_day(load, document):
    document["waivers"] = [{"requirement": "EXP-02", "reason": "r", "expires": "2026-06-01"}]
    authorise(load(), datetime(2026, 6, 1, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(AuthorisationError, match=r"/waivers/0/expires.*expired on 2026-06-01"):
        authorise(load(), datetime(2026, 6, 2, tzinfo=UTC))


def test_a_misspelt_waiver_does_not_pass_in_silence(load, document):
    document["waivers"] = [{"requirement": "EXP-20", "reason": "r", "expires": "2026-07-01"}]
    authorise(load(), NOW)
    authorise(load(), NOW, requirements={"EXP-20"})
    with pytest.raises(AuthorisationError, match="no requirement EXP-20"):
        authorise(load(), NOW, requirements={"EXP-02"})


def test_a_misspelt_waiver_names_what_was_meant_and_where_it_stands(load, document):
    document["waivers"] = [{"requirement": "EXP-20", "reason": "r", "expires": "2026-07-01"}]
    with pytest.raises(
        AuthorisationError, match=r"target\.json:1 /waivers/0/requirement: .* mean EXP-02\?"
    ):
        authorise(load(), NOW, requirements={"EXP-02", "STD-01"})


def test_a_requirement_is_waived_once(load, document):
    document["waivers"] = [
        {"requirement": "EXP-02", "reason": "one", "expires": "2026-07-01"},
        {"requirement": "EXP-02", "reason": "two", "expires": "2026-08-01"},
    ]
    with pytest.raises(AuthorisationError, match=r"/waivers/1/requirement: EXP-02 is waived twice"):
        authorise(load(), NOW)


def test_all_reasons_are_told_at_once(load, document, permit):
    permit["origins"] = ["https://api.example.com"]
    document["budget"]["max_requests"] = 501
    with pytest.raises(AuthorisationError) as caught:
        authorise(load(), datetime(2030, 1, 1, tzinfo=UTC))
    assert [problem.pointer for problem in caught.value.problems] == [
        "/expires_at",
        "/origins",
        "/budget/max_requests",
    ]
