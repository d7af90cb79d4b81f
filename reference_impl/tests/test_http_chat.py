"""The chat surface of a running endpoint: quota, standing, exposure, perturbation."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from drs_reference.standard import standard_root

STORY = "Tell me a story."


def fields(answer: Any) -> tuple[str, int, int, int, int]:
    """Policy name, q, w, r, t."""
    policy = re.fullmatch(r'"(\w+)";q=(\d+);w=(\d+)', answer.headers["ratelimit-policy"])
    state = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert policy
    assert state
    assert policy[1] == state[1]
    return policy[1], int(policy[2]), int(policy[3]), int(state[2]), int(state[3])


def test_an_answer_is_complete(endpoint: Any, fresh: str) -> None:
    answer = endpoint.chat(fresh, temperature=0, max_tokens=200)
    assert answer.status_code == 200
    document = answer.json()
    (choice,) = document["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["finish_reason"] == "stop"
    assert choice["logprobs"] is None
    usage = document["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert fields(answer)[:3] == ("default", 6000, 60)


def test_each_request_counts_one_and_a_reset_gives_it_back(endpoint: Any, fresh: str) -> None:
    remaining = [fields(endpoint.chat(fresh))[3] for _ in range(3)]
    assert remaining == [5999, 5998, 5997]
    assert fields(endpoint.call(fresh, "POST", "/v1/chat/completions", content=b"{"))[3] == 5996
    endpoint.standing(fresh)
    assert endpoint.call(fresh, "GET", "/v1/models").status_code == 200
    assert fields(endpoint.chat(fresh))[3] == 5995
    endpoint.reset(fresh)
    assert fields(endpoint.chat(fresh))[3] == 5999


def test_the_quota_of_good_standing(endpoint: Any, fresh: str, conforms: Any) -> None:
    with endpoint.client(fresh) as client:
        for _ in range(6000):
            assert client.post("/v1/chat/completions", content=b"{}").status_code == 400
    answer = endpoint.chat(fresh)
    conforms("problem", answer.json())
    assert answer.status_code == 429
    assert answer.json()["type"].endswith("#quota-exceeded")
    assert "case" not in answer.json()
    assert int(answer.headers["retry-after"]) >= fields(answer)[4]
    endpoint.advance(fresh, 60)
    assert endpoint.chat(fresh).status_code == 200


def test_throttling_is_announced_and_kept(endpoint: Any, fresh: str, conforms: Any) -> None:
    for _ in range(2):
        case = endpoint.flag(fresh)["case"]
    for left in (4, 3, 2, 1, 0):
        answer = endpoint.chat(fresh)
        assert answer.status_code == 200
        assert fields(answer)[:4] == ("graduated", 5, 60, left)
    answer = endpoint.chat(fresh)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    conforms("problem", problem)
    assert problem["type"].endswith("#abnormal-usage-detected")
    assert problem["violated-policies"] == ["graduated"]
    assert (problem["case"], problem["appeal"]) == (case, "/drs/v1/appeals")
    assert problem["error"]["code"]
    wait = int(answer.headers["retry-after"])
    assert wait >= fields(answer)[4] > 0
    endpoint.advance(fresh, wait)
    assert endpoint.chat(fresh).status_code == 200


def test_a_refusal_does_not_depend_on_the_evidence(endpoint: Any, fresh: str) -> None:
    details = []
    for kinds in (["burst"], ["network", "coverage", "logprob-harvesting"]):
        endpoint.reset(fresh)
        document = {"on": "evidence", "evidence": [{"kind": k} for k in kinds], "approvals": []}
        for _ in range(2):
            endpoint.test_mode(fresh, "flag", document)
        for _ in range(6):
            answer = endpoint.chat(fresh)
        problem = answer.json()
        kept = {k: v for k, v in problem.items() if k not in ("instance", "case")}
        details.append(re.sub(r"Wait \d+ s", "", json.dumps(kept)))
    assert details[0] == details[1]


@pytest.mark.parametrize("persona", ["suspended", "terminated"])
def test_a_closed_account_gets_recourse_and_no_answer(
    endpoint: Any, conforms: Any, persona: str
) -> None:
    answer = endpoint.chat(persona)
    assert answer.status_code == 403
    problem = answer.json()
    conforms("problem", problem)
    assert problem["type"].endswith(f"#account-{persona}")
    assert problem["case"] == endpoint.standing(persona)["case"]
    assert problem["appeal"] == "/drs/v1/appeals"
    appeal = {"case": problem["case"], "statement": "Please look again."}
    assert endpoint.call(persona, "POST", "/drs/v1/appeals", json=appeal).status_code == 202


@pytest.mark.parametrize(
    ("members", "parameter", "limit"),
    [
        ({"logprobs": True, "top_logprobs": 6}, "top_logprobs", 5),
        ({"logprobs": True, "top_logprobs": 10**30}, "top_logprobs", 5),
        ({"n": 5}, "n", 4),
        ({"logprobs": True, "logit_bias": {"5": 1}}, "logit_bias", 0),
    ],
)
def test_exposure_is_bounded(
    endpoint: Any, fresh: str, conforms: Any, members: Any, parameter: str, limit: int
) -> None:
    for stream in (False, True):
        answer = endpoint.chat(fresh, stream=stream, **members)
        assert answer.status_code == 400
        conforms("problem", answer.json())
        assert answer.json()["type"].endswith("#parameter-out-of-bounds")
        assert (answer.json()["parameter"], answer.json()["limit"]) == (parameter, limit)
        assert answer.json()["error"]["param"] == parameter
        fields(answer)


def test_every_registered_raw_output_is_refused(endpoint: Any, fresh: str, conforms: Any) -> None:
    path = standard_root() / "spec/0.1/registries/raw-outputs.yaml"
    for entry in yaml.safe_load(path.read_text("utf-8"))["entries"]:
        answer = endpoint.chat(fresh, **{entry["member"]: entry["value"]})
        assert answer.status_code == 400
        conforms("problem", answer.json())
        assert answer.json()["parameter"] == entry["member"]
    assert endpoint.chat(fresh, echo=False, return_logits=None, unheard_of=1).status_code == 200


def test_logprobs_are_rounded_ordered_and_the_same_whatever_the_controls(
    endpoint: Any, fresh: str
) -> None:
    tops = []
    for controls in (
        {},
        {"temperature": 0},
        {"temperature": 2, "seed": 3},
        {"top_p": 0.1, "user": "someone"},
        {"n": 4, "presence_penalty": 2},
    ):
        answer = endpoint.chat(fresh, STORY, logprobs=True, top_logprobs=5, **controls)
        for choice in answer.json()["choices"]:
            for token in choice["logprobs"]["content"]:
                values = [other["logprob"] for other in token["top_logprobs"]]
                assert values == sorted(values, reverse=True)
                assert all(round(value, 4) == value for value in [*values, token["logprob"]])
                assert all(value <= 0 for value in values)
            tops.append(choice["logprobs"]["content"][0]["top_logprobs"])
    assert len(tops) == 8
    assert all(top == tops[0] for top in tops)


def test_logit_bias_alone_works(endpoint: Any, fresh: str) -> None:
    plain = endpoint.chat(fresh, STORY, temperature=0).json()
    top = endpoint.chat(fresh, STORY, temperature=0, logprobs=True).json()
    first = top["choices"][0]["logprobs"]["content"][0]["token"]
    assert plain["choices"][0]["message"]["content"].startswith(first)
    banned = endpoint.chat(
        fresh, STORY, temperature=0, logit_bias={str(i): -100 for i in range(200)}
    )
    assert banned.status_code == 200
    assert banned.json()["choices"][0]["message"] != plain["choices"][0]["message"]


def test_a_seed_repeats_the_answer(endpoint: Any, fresh: str) -> None:
    texts = {
        endpoint.chat(fresh, STORY, seed=seed, max_tokens=40).json()["choices"][0]["message"][
            "content"
        ]
        for seed in (11, 11, 12)
    }
    assert len(texts) == 2


def test_a_stream_holds_the_same_answer(endpoint: Any, fresh: str) -> None:
    asked = {"seed": 5, "n": 2, "logprobs": True, "top_logprobs": 2, "max_tokens": 30}
    whole = endpoint.chat(fresh, STORY, **asked, stop=["zebra"]).json()
    answer = endpoint.chat(
        fresh, STORY, **asked, stop="zebra", stream=True, stream_options={"include_usage": True}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    fields(answer)
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]
    for index, choice in enumerate(whole["choices"]):
        mine = [c["choices"][0] for c in chunks[:-1] if c["choices"][0]["index"] == index]
        text = "".join(part["delta"].get("content", "") for part in mine)
        tokens = [t for part in mine if part["logprobs"] for t in part["logprobs"]["content"]]
        assert text == choice["message"]["content"]
        assert tokens == choice["logprobs"]["content"]
        assert [part["finish_reason"] for part in mine][-1] == choice["finish_reason"]


def test_perturbation_touches_only_accounts_under_that_measure(endpoint: Any, fresh: str) -> None:
    """The first position of a story has entropy; the same request compared over the ladder."""

    def position(persona: str, prompt: str = STORY) -> Any:
        members = {"temperature": 0, "logprobs": True, "top_logprobs": 5, "max_tokens": 2}
        answer = endpoint.chat(persona, prompt, **members).json()
        return [t["top_logprobs"] for t in answer["choices"][0]["logprobs"]["content"]]

    clean = position("control")
    for state in ("standing", "observed", "throttled"):
        seen = endpoint.call("auditor", "GET", f"/drs/v1/test/personas/{fresh}").json()["state"]
        assert seen == state
        assert position(fresh) == clean
        endpoint.flag(fresh)
    perturbed = position(fresh)
    assert perturbed != clean
    assert position(fresh) == perturbed, "repeating it wins nothing"
    assert position(fresh, "What is 47 + 85?") == position("control", "What is 47 + 85?")
    assert endpoint.standing(fresh)["standing"] == "throttled"


def test_the_models_are_listed(endpoint: Any) -> None:
    listed = endpoint.call("control", "GET", "/v1/models").json()
    assert [model["id"] for model in listed["data"]] == ["drs-reference-1"]
    assert endpoint.call("control", "GET", "/v1/models/drs-reference-1").status_code == 200
    assert endpoint.call("control", "GET", "/v1/models/other").status_code == 404
    assert endpoint.call(None, "GET", "/v1/models").status_code == 401


def test_no_undeclared_surface_answers(endpoint: Any) -> None:
    path = standard_root() / "spec/0.1/registries/surfaces.yaml"
    declared = endpoint.call(None, "GET", "/.well-known/distillation-resistance").json()["surfaces"]
    paths = {surface["path"] for surface in declared}
    for surface in yaml.safe_load(path.read_text("utf-8"))["entries"]:
        answer = endpoint.call("control", "POST", surface["path"].format(model="m"), json={})
        expected = 400 if surface["path"] in paths else 404
        assert answer.status_code == expected, surface["id"]
        assert answer.json()["error"]["message"]
