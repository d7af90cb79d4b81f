"""An endpoint that was written from the text and the schemas alone complies."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from drs_conformance.specification.schemas import problems
from endpoints import TESTS, Endpoint, probe, serving

FILE = TESTS / "second_endpoint.py"
OTHERS = {"cryptography", "rfc8785"}
CHAT = "/v1/chat/completions"
ASK = {"model": "table-1", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module", name="second")
def _second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with serving([sys.executable, FILE], tmp_path_factory.mktemp("second") / "target") as endpoint:
        yield endpoint


@pytest.fixture(name="client")
def _client(second: Endpoint) -> Iterator[httpx.Client]:
    key = second.credentials["TABLE_FRESH_3"]
    auditor = {"Authorization": f"Bearer {second.credentials['TABLE_AUDITOR']}"}
    # Runs may have left it anywhere.
    httpx.post(f"{second.url}/drs/v1/test/personas/fresh-3/reset", headers=auditor)
    with httpx.Client(base_url=second.url, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def test_it_imports_nothing_of_this_project() -> None:
    imported = set()
    for node in ast.walk(ast.parse(FILE.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert imported - set(sys.stdlib_module_names) <= OTHERS


@pytest.mark.parametrize("profile", ["smoke", pytest.param("full", marks=pytest.mark.long)])
def test_it_passes_level_1(second: Endpoint, tmp_path: Path, profile: str) -> None:
    run = probe(second, tmp_path / "results", "--level", "L1", "--profile", profile)
    assert run.code == 0, run.stdout
    assert set(run.verdicts().values()) == {"pass", "not-applicable"}
    assert run.with_verdict("not-applicable") == {
        "STD-05",
        "PRT-01",
        "PRT-03",
        "ELG-03",
        "ELG-05",
        "REC-02",
        "REC-03",
    }


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"model": "table-1", "messages": []}', 400),
        (b'{"model": "table-1", "messages": [{"role": "user", "content": 1}]}', 400),
        (b'{"model": "other", "messages": [{"role": "user", "content": "a"}]}', 404),
        (b"x" * (1 << 20) + b"y", 413),
    ],
)
def test_what_is_no_chat_request_is_refused_with_a_problem(
    client: httpx.Client, content: bytes, status: int
) -> None:
    answer = client.post(CHAT, content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problems("problem", answer.json()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": "hot"},
        {"temperature": -1},
        {"n": 0},
        {"n": True},
        {"max_tokens": 0},
        {"stream": True},
        {"top_logprobs": 2},
        {"logprobs": True, "logit_bias": {"1": 5}},
    ],
)
def test_parameters_that_are_out_of_range_are_refused(client: httpx.Client, wrong: dict) -> None:
    answer = client.post(CHAT, json=ASK | wrong)
    assert answer.status_code == 400
    assert problems("problem", answer.json()) == []


def test_other_paths_and_methods_are_refused(client: httpx.Client) -> None:
    assert client.get("/v1/models").status_code == 404
    refused = client.delete(CHAT)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_observation_does_not_show_in_the_account_view(
    client: httpx.Client, second: Endpoint
) -> None:
    auditor = {"Authorization": f"Bearer {second.credentials['TABLE_AUDITOR']}"}
    persona = "/drs/v1/test/personas/fresh-3"
    flag = {"on": "evidence", "evidence": [{"kind": "burst"}], "approvals": []}
    client.post(f"{persona}/reset", headers=auditor)
    before = client.get("/drs/v1/account").json()
    state = client.post(f"{persona}/flag", json=flag, headers=auditor).json()
    assert state["state"] == "observed"
    assert client.get("/drs/v1/account").json() == before
    client.post(f"{persona}/reset", headers=auditor)
