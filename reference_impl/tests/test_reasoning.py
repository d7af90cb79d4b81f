"""The surface that withholds the steps to its answers, and the hook that shows them to auditors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.reasoning import ReasonedGeneration, ReasoningHook
from drs_reference.gateway.sampling import Decoding, Logits, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation.step_elision import Parameters, StepElision

LANGUAGE_MODEL = LanguageModel.load()
MODEL = "drs-reference-1-reasoning"
PATH = "/v1/reasoning/chat/completions"
SUM = "What is 47 + 85?"
STEPS = "Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13."
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def ask(endpoint: Any, persona: str, prompt: str = SUM, **members: Any) -> Any:
    body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **members}
    return endpoint.call(persona, "POST", PATH, json=body)


def withheld(endpoint: Any, answer: str) -> Any:
    return endpoint.call("auditor", "GET", f"/drs/v1/reasoning/{answer}")


def generate(prompt: str, **sampling: Any) -> tuple[str, ReasonedGeneration]:
    work = ReasonedGeneration(LANGUAGE_MODEL, [("user", prompt)], Sampling(**sampling))
    return "".join(emission.text for emission in work.emissions()), work


LONG = "Be honest." + " Be honest." * 50
"""More tokens than the model may take for steps."""


class Recited:
    """A model that says one text and then ends; ``forced`` has what else it is made to say."""

    tokenizer = LANGUAGE_MODEL.tokenizer
    end = LANGUAGE_MODEL.end
    prompt_tokens = 1

    def __init__(self, text: str) -> None:
        self._left = [*self.tokenizer.encode(text), self.end]
        self.forced = ""

    def start(self, messages: Any) -> Decoding:
        return self

    def fork(self) -> Decoding:
        raise NotImplementedError

    def logits(self) -> Logits:
        scores = np.zeros(len(self.tokenizer.vocabulary), np.float32)
        scores[self._left[0] if self._left else self.end] = 50
        return scores

    def push(self, token: int) -> None:
        if self._left[:1] == [token]:
            del self._left[0]
        else:
            self.forced += self.tokenizer.token_text(token)


def recite(text: str, kind: Any = ReasonedGeneration) -> tuple[str, str, str]:
    """What is shown of a text, what is withheld, and what the model was made to say."""
    model = Recited(text)
    work = kind(model, [("user", SUM)], Sampling(temperature=0))
    shown = "".join(emission.text for emission in work.emissions())
    return shown, work.withheld[0], model.forced


def test_the_steps_are_withheld_and_the_conclusion_is_shown(
    endpoint: Any, fresh: str, conforms: Any
) -> None:
    answer = ask(endpoint, fresh, temperature=0, logprobs=True, top_logprobs=2).json()
    (choice,) = answer["choices"]
    assert choice["message"]["content"] == " The answer is 132."
    tokens = "".join(item["token"] for item in choice["logprobs"]["content"])
    assert tokens == choice["message"]["content"]
    document = withheld(endpoint, answer["id"]).json()
    conforms("withheld-reasoning", document)
    assert (document["answer"], document["model"]) == (answer["id"], MODEL)
    assert document["reasoning"] == [STEPS]
    usage = answer["usage"]
    thought = usage["completion_tokens_details"]["reasoning_tokens"]
    assert 0 < thought < usage["completion_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_withholds_the_same(endpoint: Any, fresh: str) -> None:
    asked = {"temperature": 0, "n": 2, "logprobs": True}
    whole = ask(endpoint, fresh, **asked).json()
    options = {"include_usage": True}
    answer = ask(endpoint, fresh, **asked, stream=True, stream_options=options)
    events = [json.loads(e.removeprefix("data: ")) for e in answer.text.split("\n\n")[:-2]]
    for index, choice in enumerate(whole["choices"]):
        parts = [e["choices"][0] for e in events[:-1] if e["choices"][0]["index"] == index]
        text = "".join(part["delta"].get("content", "") for part in parts)
        assert text == choice["message"]["content"]
        tokens = [t for part in parts if part["logprobs"] for t in part["logprobs"]["content"]]
        assert tokens == choice["logprobs"]["content"]
    assert events[-1]["usage"] == whole["usage"]
    assert withheld(endpoint, events[0]["id"]).json()["reasoning"] == [STEPS, STEPS]


def test_what_has_no_steps_is_shown(endpoint: Any, fresh: str) -> None:
    answer = ask(endpoint, fresh, "Tell me a story about a fox.", seed=1).json()
    assert len(answer["choices"][0]["message"]["content"]) > 50
    assert withheld(endpoint, answer["id"]).json()["reasoning"] == [""]
    assert answer["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_bounds_quota_and_standing_hold_here_too(endpoint: Any, fresh: str) -> None:
    assert ask(endpoint, fresh, n=5).json()["parameter"] == "n"
    refused = ask(endpoint, fresh, logprobs=True, logit_bias={"5": 1})
    assert refused.json()["parameter"] == "logit_bias"
    assert "r=5997;" in ask(endpoint, fresh).headers["ratelimit"]
    assert ask(endpoint, "suspended").status_code == 403
    assert ask(endpoint, fresh, model="drs-reference-1").status_code == 404
    assert endpoint.chat(fresh, model=MODEL).status_code == 404


def test_only_auditors_read_what_was_withheld(endpoint: Any, fresh: str) -> None:
    path = f"/drs/v1/reasoning/{ask(endpoint, fresh).json()['id']}"
    assert endpoint.call("auditor", "GET", path).status_code == 200
    assert endpoint.call(fresh, "GET", path).status_code == 403
    assert endpoint.call(None, "GET", path).status_code == 401
    assert withheld(endpoint, endpoint.chat(fresh).json()["id"]).status_code == 404


@pytest.mark.parametrize("seed", range(40))
def test_however_it_is_sampled_no_step_is_shown(seed: int) -> None:
    text, work = generate("Add 38 and 57.", temperature=1.5, seed=seed, max_tokens=60)
    assert "Ones:" not in text
    assert work.reasoning_tokens > 0


def test_a_limit_bounds_what_is_shown() -> None:
    text, work = generate(SUM, temperature=0, max_tokens=2)
    assert text == " The answer"
    assert work.completion_tokens == 2
    assert work.withheld == [STEPS]


def test_a_stop_sequence_in_the_steps_does_not_end_the_answer() -> None:
    assert generate(SUM, temperature=0, stop=("Tens",))[0] == " The answer is 132."
    assert generate(SUM, temperature=0, stop=(" is",))[0] == " The answer"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Once there was a fox. 3+4=7, 7*2=4", "Once there was a fox. "),
        (f"The timer is set. {STEPS}", "The timer is set."),
        ('{"name": "3+4=7"}', '{"name'),
        ("Let me think. write 2, carry 1. Tens: 4+8+1=13.", "Let me think."),
        ("The sum is 12+5=7.", "The sum is "),
        ("The king said abc,d->e and went", "The king said"),
        (
            f"Be honest.{' Be honest.' * 9} {STEPS}{' Be honest.' * 9}",
            "Be honest." + " Be honest." * 9,
        ),
    ],
)
def test_where_other_text_leads_up_to_steps_nothing_is_concluded(text: str, shown: str) -> None:
    """And none of the steps is shown."""
    assert recite(text) == (shown, text[len(shown) :], "")


def test_long_text_without_steps_is_shown_to_its_end_or_its_limit() -> None:
    assert recite(LONG) == (LONG, "", "")
    work = ReasonedGeneration(Recited(LONG), [("user", SUM)], Sampling(temperature=0, max_tokens=9))
    *_, last = work.emissions()
    assert (last.finish, work.completion_tokens, work.withheld) == ("length", 9, [""])


def test_no_step_is_shown_however_long_the_text_before_it() -> None:
    assert recite(f"{LONG} {STEPS}{LONG}") == (LONG, " Ones:", "")


@pytest.mark.parametrize(
    "steps",
    [
        STEPS,
        "3+4=7, 7*2=4",
        "abc,d->e",
        " 13 + 4, write 2, carry 1. Tens: 4+8+1=13.",
        "3+4=7. Once there was a fox.",
    ],
)
def test_steps_that_begin_an_answer_are_concluded(steps: str) -> None:
    shown, withheld, forced = recite(steps)
    assert (shown, withheld) == (" The answer is", steps)
    assert " The answer is".startswith(forced)
    assert forced


def test_a_mechanism_reveals_its_part_of_steps_that_other_text_leads_up_to() -> None:
    elision = StepElision(Parameters(0.5, "every-response"), b"a key of 16 bytes or more")
    kind = elision.to(ChatRequest(MODEL, (("user", SUM),), Sampling())).kind
    shown, withheld, forced = recite(f"The timer is set. {STEPS}", kind or ReasonedGeneration)
    assert shown.startswith("The timer is set.")
    assert sorted(shown + withheld) == sorted(f"The timer is set. {STEPS}")
    assert min(shown.count("="), withheld.count("=")) == 1
    assert forced == ""


def test_what_is_kept_is_forgotten_after_a_while_and_when_there_is_too_much() -> None:
    hook = ReasoningHook()
    hook.keep("a-0", MODEL, ["x"], NOW)
    assert hook.read("a-0", NOW + timedelta(minutes=15)) is not None
    assert hook.read("a-0", NOW + timedelta(minutes=16)) is None
    for number in range(1025):
        hook.keep(f"a-{number}", MODEL, ["x"], NOW)
    assert hook.read("a-0", NOW) is None
    assert hook.read("a-1", NOW) is not None
