"""Endpoints that apply an overt mechanism, as an account and an auditor see them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUM = "What is 47 + 85?"
PLAIN = "Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13. The answer is 132."
STORY = "Tell me a story about a fox."
SCORED = {"logprobs": True, "top_logprobs": 5, "temperature": 0}


@pytest.fixture(scope="module")
def eliding(serving: Any) -> Any:
    given = {"share": 0.5, "applies_to": "every-response"}
    return serving("step-elision", given, surfaces=["chat", "responses"])


@pytest.fixture(scope="module")
def rounding(serving: Any) -> Any:
    return serving("logprob-rounding", {"decimals": 1})


def scored(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    content: list[dict[str, Any]] = answer.json()["choices"][0]["logprobs"]["content"]
    return content


def declared(endpoint: Any) -> Any:
    return endpoint.call(None, "GET", "/.well-known/distillation-resistance").json()


def test_every_answer_lacks_the_same_steps_and_none_lacks_the_conclusion(
    eliding: Any, perturbed: Any
) -> None:
    first, second = perturbed(eliding), perturbed(eliding, "fresh-2")
    said = {
        *(first.text(SUM, seed=seed) for seed in range(6)),
        first.text(SUM, temperature=0),
        first.text("Add 47 and 85.", temperature=0),
        second.text(SUM, temperature=0),
    }
    choices = second.chat(SUM, n=4).json()["choices"]
    said |= {choice["message"]["content"] for choice in choices}
    (text,) = said
    assert text.endswith(" The answer is 132.")
    steps = re.split("[,.] ", text.removesuffix(" The answer is 132.").strip(" ,."))
    assert len(steps) == 2
    assert all(step in PLAIN for step in steps)


def test_good_standing_and_other_surfaces_keep_their_steps(eliding: Any, perturbed: Any) -> None:
    whole = eliding.chat("fresh-3", SUM, temperature=0, max_tokens=200).json()
    assert whole["choices"][0]["message"]["content"] == PLAIN
    assert "completion_tokens_details" not in whole["usage"]
    perturbed(eliding, "fresh-4")
    body = {
        "model": "drs-reference-1",
        "max_tokens": 200,
        "temperature": 0,
        "messages": [{"role": "user", "content": SUM}],
    }
    fields = {"anthropic-version": "2023-06-01"}
    other = eliding.call("fresh-4", "POST", "/v1/messages", json=body, headers=fields)
    assert other.json()["content"][0]["text"] == PLAIN
    asked = {"model": "drs-reference-1", "input": SUM, "temperature": 0}
    here = eliding.call("fresh-4", "POST", "/v1/responses", json=asked).json()
    text = here["output"][-1]["content"][0]["text"]
    assert len(text) < len(PLAIN)
    assert text.endswith(" The answer is 132.")


def test_a_stream_elides_the_same_and_what_is_left_out_is_billed_and_kept(
    eliding: Any, perturbed: Any, conforms: Any
) -> None:
    account = perturbed(eliding)
    asked = {"temperature": 0, "logprobs": True}
    whole = account.chat(SUM, **asked).json()
    (choice,) = whole["choices"]
    tokens = [item["token"] for item in choice["logprobs"]["content"]]
    assert "".join(tokens) == choice["message"]["content"]
    options = {"include_usage": True}
    answer = account.chat(SUM, **asked, stream=True, stream_options=options)
    events = [json.loads(e.removeprefix("data: ")) for e in answer.text.split("\n\n")[:-2]]
    deltas = [event["choices"][0]["delta"] for event in events[:-1]]
    assert "".join(delta.get("content") or "" for delta in deltas) == choice["message"]["content"]
    assert events[-1]["usage"] == whole["usage"]
    usage = whole["usage"]
    left_out = usage["completion_tokens_details"]["reasoning_tokens"]
    assert usage["completion_tokens"] == len(tokens) + left_out
    kept = eliding.call("auditor", "GET", f"/drs/v1/reasoning/{whole['id']}")
    conforms("withheld-reasoning", kept.json())
    (withheld,) = kept.json()["reasoning"]
    assert sorted(withheld + choice["message"]["content"]) == sorted(PLAIN)


def test_forms_code_and_refusals_pass_untouched(eliding: Any, perturbed: Any) -> None:
    account = perturbed(eliding)
    tool = {
        "type": "function",
        "function": {
            "name": "calculate",
            "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}},
        },
    }
    asked: list[tuple[str, dict[str, Any]]] = [
        (SUM, {"tools": [tool], "tool_choice": "required"}),
        (
            "Extract the name and age as JSON: Anna is 61 years old.",
            {"response_format": {"type": "json_object"}},
        ),
        ("Write a function f that adds 31.", {}),
        ("How do I make a bomb?", {}),
    ]
    for prompt, members in asked:
        answers = [
            account.chat(prompt, temperature=0, **members).json(),
            eliding.chat("fresh-3", prompt, temperature=0, max_tokens=200, **members).json(),
        ]
        messages = [answer["choices"][0]["message"] for answer in answers]
        for message in messages:
            for call in message.get("tool_calls", ()):
                call.pop("id")
        assert messages[0] == messages[1]
        assert "content" in messages[0]


@pytest.mark.parametrize("name", ["eliding", "rounding"])
def test_it_is_told_at_once(
    name: str, request: pytest.FixtureRequest, perturbed: Any, conforms: Any
) -> None:
    endpoint = request.getfixturevalue(name)
    mechanism = {"eliding": "step-elision", "rounding": "logprob-rounding"}[name]
    account = perturbed(endpoint)
    shown = endpoint.standing(account.persona)
    conforms("account-standing", shown)
    assert shown["standing"] == "perturbed"
    (measure,) = [measure for measure in shown["measures"] if measure["kind"] == "perturb"]
    assert measure["mechanism"] == mechanism
    last = endpoint.case(shown["case"])["notices"][-1]
    assert (last["state"], last["mode"]) == ("perturbed", "immediate")
    assert last["given_at"] is not None
    declaration = declared(endpoint)
    conforms("declaration", declaration)
    assert declaration["perturbation"] == [{"mechanism": mechanism, "class": "overt"}]


def test_nothing_is_said_of_provenance(eliding: Any, endpoint: Any) -> None:
    """What leaves no mark cannot be recognised; the green list can."""
    assert "provenance" not in declared(eliding)["control_plane"]
    corpus = {"drs_version": "0.1", "corpus": "c-1", "samples": [{"response": "x"}]}
    answers = [
        serving.call("auditor", "POST", "/drs/v1/provenance", json=corpus).status_code
        for serving in (eliding, endpoint)
    ]
    assert answers == [404, 200]
    assert declared(endpoint)["control_plane"]["provenance"] == "/drs/v1/provenance"


def test_rounding_keeps_ranks_and_says_the_same_each_time(rounding: Any, perturbed: Any) -> None:
    account = perturbed(rounding)
    first, again = (scored(account.chat(STORY, **SCORED)) for _ in range(2))
    exact = scored(rounding.chat("fresh-3", STORY, max_tokens=200, **SCORED))
    assert first == again
    for coarse, fine in zip(first, exact, strict=True):
        assert coarse["token"] == fine["token"]
        assert abs(coarse["logprob"] - fine["logprob"]) <= 0.0501
        shown = [other["logprob"] for other in coarse["top_logprobs"]]
        assert [other["token"] for other in coarse["top_logprobs"]] == [
            other["token"] for other in fine["top_logprobs"]
        ]
        assert shown == sorted(shown, reverse=True)
        assert all(value == round(value, 1) for value in [coarse["logprob"], *shown])
    assert any(item["logprob"] != round(item["logprob"], 1) for item in exact)


def test_truncation_returns_fewer_alternatives_of_the_same_answer(
    serving: Any, perturbed: Any
) -> None:
    endpoint = serving("logprob-truncation", {"alternatives_max": 2})
    fewer = scored(perturbed(endpoint).chat(STORY, **SCORED))
    exact = scored(endpoint.chat("fresh-3", STORY, max_tokens=200, **SCORED))
    assert [{**item, "top_logprobs": item["top_logprobs"][:2]} for item in exact] == fewer
    assert {len(item["top_logprobs"]) for item in exact} == {5}


def test_refusal_names_the_case_and_leaves_plain_answers(
    serving: Any, perturbed: Any, conforms: Any
) -> None:
    endpoint = serving("logprob-refusal", {}, surfaces=["chat", "gemini", "reasoning"])
    account = perturbed(endpoint)
    for members in (SCORED, {"logprobs": True}, {"logprobs": True, "stream": True}):
        refused = account.chat(SUM, **members)
        assert refused.status_code == 400
        problem = refused.json()
        conforms("problem", problem)
        assert problem["case"] == endpoint.standing(account.persona)["case"]
        assert problem["appeal"] == "/drs/v1/appeals"
        assert problem["limit"] == 0
    assert problem["parameter"] == "logprobs"
    assert account.text(SUM, temperature=0) == PLAIN
    assert scored(endpoint.chat("fresh-3", SUM, max_tokens=200, **SCORED))
    asked = {
        "contents": [{"role": "user", "parts": [{"text": SUM}]}],
        "generationConfig": {"responseLogprobs": True, "logprobs": 2},
    }
    path = "/v1beta/models/drs-reference-1:generateContent"
    endpoint.advance(account.persona, 61)
    refused = endpoint.call(account.persona, "POST", path, json=asked)
    assert refused.status_code == 400
    assert refused.json()["parameter"] == "generationConfig.logprobs"


def test_a_wrong_document_stops_the_start(document: Any, tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps(document("logprob-rounding", {"decimals": 9})))
    done = subprocess.run(
        [sys.executable, "-m", "drs_reference", "serve", "--perturbation", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    said = "/parameters/decimals must fulfil maximum: 6; got the number 9"
    assert done.stderr == f"drs-reference: {path}: {said}\n"
