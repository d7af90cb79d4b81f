"""What the defences do does not depend on the dialect in which an account asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pytest
from drs_reference.gateway.declaration import Terms
from drs_reference.gateway.dialects.anthropic_messages import AnthropicMessages
from drs_reference.gateway.dialects.dialect import Dialect
from drs_reference.gateway.dialects.gemini_generate import GeminiGenerate
from drs_reference.gateway.dialects.openai_chat import OpenAIChat
from drs_reference.gateway.dialects.openai_responses import OpenAIResponses
from drs_reference.gateway.sampling import Generation
from drs_reference.gateway.surfaces import DIALECTS, SURFACES, Bounds
from drs_reference.gateway.target_files import target_document
from drs_reference.model import LanguageModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import MODEL, STORY, SUM

COLD = {"temperature": 0}
KINDS: tuple[type[Dialect], ...] = (
    OpenAIChat,
    OpenAIResponses,
    AnthropicMessages,
    GeminiGenerate,
)
REASONING = f"{MODEL}-reasoning"
PLAIN = [surface for surface in SURFACES if not surface.withholds]


@dataclass(frozen=True)
class Spoken:
    """How little it takes to ask in a dialect, and where the text and the name of an answer are."""

    body: Callable[[str, int], dict[str, Any]]
    text: Callable[[Any], str]
    id_member: str = "id"


def said(prompt: str) -> Any:
    return [{"role": "user", "content": prompt}]


SPOKEN: Mapping[str, Spoken] = {
    "openai_chat": Spoken(
        lambda prompt, most: {"messages": said(prompt), "max_tokens": most, **COLD},
        lambda answer: answer["choices"][0]["message"]["content"],
    ),
    "openai_responses": Spoken(
        lambda prompt, most: {"input": prompt, "max_output_tokens": most, **COLD},
        lambda answer: answer["output"][0]["content"][0]["text"],
    ),
    "anthropic_messages": Spoken(
        lambda prompt, most: {"messages": said(prompt), "max_tokens": most, **COLD},
        lambda answer: answer["content"][0]["text"],
    ),
    "gemini_generate": Spoken(
        lambda prompt, most: {
            "contents": [{"parts": [{"text": prompt}]}],
            "generationConfig": {"maxOutputTokens": most, **COLD},
        },
        lambda answer: answer["candidates"][0]["content"]["parts"][0]["text"],
        "responseId",
    ),
}


def ask(endpoint: Any, persona: str, surface: Any, prompt: str, most: int = 100) -> Any:
    model = REASONING if surface.withholds else MODEL
    body = SPOKEN[surface.dialect].body(prompt, most)
    path = surface.path.replace("{model}", model)
    return endpoint.call(persona, "POST", path, json={"model": model, **body})


def text(surface: Any, answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return SPOKEN[surface.dialect].text(answer.json())


def by_id(surface: Any) -> str:
    return str(surface.id)


def test_the_declaration_lists_each_with_what_it_can_expose(endpoint: Any) -> None:
    document = endpoint.call(None, "GET", "/.well-known/distillation-resistance").json()
    bounds = {s["id"]: tuple(s["bounds"].values()) for s in document["surfaces"]}
    assert bounds["chat"] == bounds["gemini"] == (5, 4, 4)
    assert bounds["responses"] == (5, 4, 1)
    assert bounds["messages"] == (0, 0, 1)
    assert {f"reasoning-{name}": value for name, value in bounds.items()}.keys() >= {
        "reasoning-responses",
        "reasoning-messages",
        "reasoning-gemini",
    }
    withheld = {s["path"] for s in document["surfaces"] if s.get("reasoning") == "withheld"}
    assert withheld == {surface.path for surface in SURFACES if surface.withholds}
    assert SURFACES[0].within(Bounds()) == Bounds()


def test_all_dialects_are_read_as_the_same_request() -> None:
    """So what watches requests sees no difference."""
    model = LanguageModel.load()
    bodies = {name: {"model": MODEL, **spoken.body(SUM, 7)} for name, spoken in SPOKEN.items()}
    read = {kind.name: kind(model.tokenizer, ()).parse(bodies[kind.name]) for kind in KINDS}
    assert read.keys() == SPOKEN.keys()
    for request in read.values():
        assert replace(request, echoed={}) == read["openai_chat"]
        assert request.question == SUM


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_target_file_names_the_base_of_its_dialect(dialect: str) -> None:
    target = target_document("http://127.0.0.1:1", dialect, Terms(), "k", ["control"], {})
    base = "/v1beta" if dialect == "gemini_generate" else "/v1"
    assert (target["dialect"], target["base_url"]) == (dialect, f"http://127.0.0.1:1{base}")


@pytest.mark.parametrize("surface", PLAIN[1:], ids=by_id)
def test_a_measure_holds_whatever_the_account_speaks(
    endpoint: Any, fresh: str, surface: Any
) -> None:
    """A perturbed account gets the same words in each dialect, and not those of the model."""
    chat = PLAIN[0]
    endpoint.reset("control")
    prompt = "Tell me a story about a dog."
    declared = text(surface, ask(endpoint, "control", surface, prompt))
    assert declared == text(chat, ask(endpoint, "control", chat, prompt))
    endpoint.reset("perturbed")
    perturbed = text(surface, ask(endpoint, "perturbed", surface, prompt))
    assert perturbed == text(chat, ask(endpoint, "perturbed", chat, prompt))
    assert perturbed != declared


@pytest.mark.parametrize("surface", SURFACES, ids=by_id)
def test_a_closed_account_is_closed_everywhere(
    endpoint: Any, surface: Any, policy: Callable[[Any, str], Any]
) -> None:
    for persona in ("suspended", "terminated"):
        answer = ask(endpoint, persona, surface, SUM)
        assert answer.status_code == 403
        problem = policy(answer.json(), f"account-{persona}")
        assert problem["appeal"]


def test_one_quota_counts_all_dialects(endpoint: Any, fresh: str) -> None:
    for _ in range(2):
        endpoint.flag(fresh)
    answers = [ask(endpoint, fresh, surface, SUM, 1) for surface in (*PLAIN, *PLAIN)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert all(
        answer.headers["content-type"] == "application/problem+json" for answer in answers[5:]
    )
    left = [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers[:5]]
    assert left == [f'"graduated";r={number}' for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("surface", [s for s in SURFACES if s.withholds], ids=by_id)
def test_steps_are_withheld_and_the_auditor_reads_them(
    endpoint: Any, fresh: str, surface: Any, conforms: Callable[[str, Any], None]
) -> None:
    answer = ask(endpoint, fresh, surface, SUM)
    assert text(surface, answer).strip() == "The answer is 132."
    assert "Ones:" not in answer.text
    name = answer.json()[SPOKEN[surface.dialect].id_member]
    kept = endpoint.call("auditor", "GET", f"/drs/v1/reasoning/{name}").json()
    conforms("withheld-reasoning", kept)
    assert "Ones: 7+5=12" in kept["reasoning"][0]
    assert endpoint.call(fresh, "GET", f"/drs/v1/reasoning/{name}").status_code == 403


@pytest.mark.parametrize("surface", PLAIN, ids=by_id)
def test_raw_outputs_are_refused(endpoint: Any, fresh: str, surface: Any, policy: Any) -> None:
    path = surface.path.replace("{model}", MODEL)
    body = {"model": MODEL, **SPOKEN[surface.dialect].body(SUM, 1), "return_logits": True}
    answer = endpoint.call(fresh, "POST", path, json=body)
    assert answer.status_code == 400
    assert policy(answer.json(), "parameter-out-of-bounds")["parameter"] == "return_logits"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(width=16) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
MEMBERS = (
    *("input", "messages", "contents", "tools", "tool_choice", "text", "include", "system"),
    *("generationConfig", "toolConfig", "systemInstruction", "output_config", "stop_sequences"),
    *("top_logprobs", "max_tokens", "metadata", "reasoning", "instructions", "n", "stream"),
)


@pytest.mark.parametrize("surface", PLAIN[1:], ids=by_id)
def test_nothing_that_is_sent_makes_it_fail(endpoint: Any, surface: Any) -> None:
    path = surface.path.replace("{model}", MODEL)
    with endpoint.client("control") as client:

        @settings(
            max_examples=60,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.dictionaries(st.sampled_from(MEMBERS), ODD, max_size=4))
        def send(members: dict[str, Any]) -> None:
            body = {"model": MODEL, **SPOKEN[surface.dialect].body(SUM, 1), **members}
            sent = json.dumps(body).replace("NaN", "0").replace("-Infinity", "0")
            content = sent.replace("Infinity", "0").encode("utf-8", "replace")
            answer = client.post(path, content=content)
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 400:
                assert answer.json()["error"]["message"]

        send()


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        (OpenAIChat, b'"server_error"'),
        (OpenAIResponses, b"event: error\n"),
        (AnthropicMessages, b"event: error\n"),
        (GeminiGenerate, b'"INTERNAL"'),
    ],
)
def test_a_stream_that_breaks_says_so(kind: type[Dialect], sign: bytes) -> None:
    model = LanguageModel.load()
    dialect = kind(model.tokenizer, (MODEL,))
    body = {"model": MODEL, "stream": True, **SPOKEN[dialect.name].body(STORY, 50)}
    request = dialect.parse(body)
    generation = Generation(model, request.messages, request.sampling)
    stream = dialect.stream(request, generation, float, 0)
    sent = list(stream.begin())
    for emission in islice(generation.emissions(), 3):
        sent += stream.add(emission)
    sent += stream.fail("The answer could not be completed.")
    assert sign in b"".join(sent[-2:])
    whole = b"".join(sent)
    assert b"response.completed" not in whole
    assert b"message_stop" not in whole
    assert b"finishReason" not in whole
