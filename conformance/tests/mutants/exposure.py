"""Mutants of the chapter Interface exposure."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.openai_chat import OpenAIChat, Round
from drs_reference.gateway.exposure import ExposureRules, OutOfBounds
from drs_reference.gateway.likelihood_hook import LikelihoodHook
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.reasoning import ReasonedGeneration, ReasoningHook
from drs_reference.gateway.sampling import (
    Chosen,
    Emission,
    Generating,
    Generation,
    Scored,
    log_probabilities,
    most_probable,
)
from drs_reference.model import LanguageModel, log_softmax
from drs_reference.standard import registry
from numpy.typing import NDArray

from mutants.edited_answers import EditedAnswers
from mutants.mutant import mutant

When = Callable[[ChatRequest], bool]


def _altered(
    parts: Parts,
    dialect: type[OpenAIChat] = OpenAIChat,
    rules: type[ExposureRules] = ExposureRules,
) -> Parts:
    return replace(
        parts,
        dialect=dialect(parts.dialect.tokens, parts.dialect.models),
        exposure=rules(parts.exposure.bounds, registry("raw-outputs")),
    )


class AsAsked(ExposureRules):
    """Holds a request against the bounds as the caller wrote it, whatever became of it since."""

    def violation(self, request: ChatRequest, body: Mapping[str, Any]) -> OutOfBounds | None:
        return super().violation(
            replace(
                request, top_logprobs=body.get("top_logprobs") or 0, choices=body.get("n") or 1
            ),
            body,
        )


def one_alternative_more(parts: Parts, when: When) -> Parts:
    """Report one alternative more than was asked for."""

    class Dialect(OpenAIChat):
        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            request = super().parse(body)
            more = request.top_logprobs + (request.top_logprobs > 0 and when(request))
            return replace(request, top_logprobs=more)

    return _altered(parts, Dialect, AsAsked)


@mutant(breaks=["EXP-01"])
def one_alternative_more_when_streaming(parts: Parts) -> Parts:
    """Streamed answers report one alternative more than was asked for."""
    return one_alternative_more(parts, lambda request: request.stream)


@mutant(breaks=["EXP-01"], rare=True)
def one_alternative_more_after_two_stops(parts: Parts) -> Parts:
    """So do streams that end at several texts only."""
    return one_alternative_more(parts, lambda r: r.stream and len(r.sampling.stop) > 1)


def full_precision(parts: Parts, when: When) -> Parts:
    """Do not round streamed log-probabilities."""

    class Dialect(OpenAIChat):
        def chunks(
            self,
            request: ChatRequest,
            head: Mapping[str, Any],
            emission: Emission,
            shown: Round,
        ) -> list[dict[str, Any]]:
            rounded = (lambda value: value) if when(request) else shown
            return super().chunks(request, head, emission, rounded)

    return _altered(parts, Dialect)


@mutant(breaks=["EXP-02"])
def full_precision_when_streaming(parts: Parts) -> Parts:
    """Streamed log-probabilities are not rounded."""
    return full_precision(parts, lambda request: True)


@mutant(breaks=["EXP-02"], rare=True)
def full_precision_for_half_the_mass(parts: Parts) -> Parts:
    """Log-probabilities are not rounded in streams that draw from half of the mass."""
    return full_precision(parts, lambda request: request.sampling.top_p == 0.5)


def bias_shows(parts: Parts, when: When, *, lifts: bool) -> Parts:
    """Honour a token bias beside log-probabilities, so that the chosen token comes into view.

    With ``lifts`` the tokens that it favours stand among the alternatives as well.
    """

    class Rules(ExposureRules):
        def violation(self, request: ChatRequest, body: Mapping[str, Any]) -> OutOfBounds | None:
            found = super().violation(request, body)
            return None if found == OutOfBounds("logit_bias", 0) and when(request) else found

    class Dialect(OpenAIChat):
        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            request = super().parse(body)
            self.bias = request.sampling.logit_bias
            return request

        def logprobs(self, tokens: Iterable[Any], shown: Round) -> dict[str, Any]:
            return super().logprobs([self._biased(token) for token in tokens], shown)

        def _biased(self, token: Any) -> Any:
            lifted = [Scored(t, -0.001) for t, bias in self.bias.items() if bias > 0]
            seen = {other.token for other in lifted}
            others = [a for a in token.alternatives if a.token not in seen]
            alternatives = tuple((lifted[:1] + others)[: len(token.alternatives)])
            return replace(token, alternatives=alternatives)

    return _altered(parts, Dialect if lifts else OpenAIChat, Rules)


@mutant(breaks=["EXP-03"])
def bias_shows_in_log_probabilities(parts: Parts) -> Parts:
    """A token bias beside log-probabilities is honoured and brings tokens into view."""
    return bias_shows(parts, lambda request: True, lifts=True)


@mutant(breaks=["EXP-03"], rare=True)
def bias_on_many_tokens_shows(parts: Parts) -> Parts:
    """One on eight tokens or more shows in the token that it chooses, as with llama.cpp."""
    return bias_shows(parts, lambda request: len(request.logit_bias) >= 8, lifts=False)


def slid_alternatives(parts: Parts, by: Callable[[ChatRequest], int]) -> Parts:
    """Show another slice of the vocabulary, `by` tokens further down."""

    class Dialect(OpenAIChat):
        window = 0
        wanted = 0

        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            request = super().parse(body)
            self.window = by(request)
            self.wanted = request.top_logprobs
            return replace(request, top_logprobs=request.top_logprobs + self.window)

        def logprobs(self, tokens: Iterable[Any], shown: Round) -> dict[str, Any]:
            slid = [
                replace(token, alternatives=token.alternatives[self.window :][: self.wanted])
                for token in tokens
            ]
            return super().logprobs(slid, shown)

    return _altered(parts, Dialect, AsAsked)


@mutant(breaks=["EXP-04"])
def seed_slides_the_alternatives(parts: Parts) -> Parts:
    """Each seed shows another slice of the vocabulary."""
    return slid_alternatives(parts, lambda request: (request.sampling.seed or 0) % 7)


@mutant(breaks=["EXP-04"], rare=True)
def pairs_in_a_stream_slide_the_alternatives(parts: Parts) -> Parts:
    """Two choices that are streamed side by side come without the most probable alternative."""
    return slid_alternatives(parts, lambda request: int(request.stream and request.choices == 2))


def cut_in_silence(parts: Parts, when: Callable[[int], bool]) -> Parts:
    """Answer a request for too much with less, depending on how much too much it is."""

    class Dialect(OpenAIChat):
        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            within = dict(body)
            for member, most in (
                ("top_logprobs", parts.exposure.bounds.top_logprobs_max),
                ("n", parts.exposure.bounds.choices_max),
            ):
                if isinstance(within.get(member), int) and when(within[member] - most):
                    within[member] = most
            return super().parse(within)

    return _altered(parts, Dialect)


@mutant(breaks=["EXP-05"])
def excess_is_cut_in_silence(parts: Parts) -> Parts:
    """A request for too much is answered with less, as if that had been asked for."""
    return cut_in_silence(parts, lambda excess: excess > 0)


@mutant(breaks=["EXP-05"], rare=True)
def one_too_many_is_cut_in_silence(parts: Parts) -> Parts:
    """So is one for just one too many only."""
    return cut_in_silence(parts, lambda excess: excess == 1)


@mutant(breaks=["EXP-06"])
def prompt_log_probabilities(parts: Parts) -> Parts:
    """A debugging member of the inference server is passed through to the public."""

    class Rules(ExposureRules):
        def violation(self, request: ChatRequest, body: Mapping[str, Any]) -> OutOfBounds | None:
            return super().violation(request, {**body, "prompt_logprobs": None})

    class Dialect(EditedAnswers):
        asked = False

        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            self.asked = bool(body.get("prompt_logprobs"))
            return super().parse(body)

        def edit(
            self,
            document: dict[str, Any],
            request: ChatRequest,
            generation: Generating,
            shown: Round,
        ) -> None:
            if self.asked:
                document["prompt_logprobs"] = _of_prompt(parts, request)

    return _altered(parts, Dialect, Rules)


def _of_prompt(parts: Parts, request: ChatRequest) -> list[float]:
    model = parts.model
    assert isinstance(model, LanguageModel)
    decoding = model.start([])
    values = []
    for token in model.tokenizer.encode(request.messages[-1][1]):
        values.append(float(log_softmax(decoding.logits())[token]))
        decoding.push(token)
    return values


def more_choices(parts: Parts, when: When) -> Parts:
    """Give one choice more than was asked for."""

    class Dialect(OpenAIChat):
        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            request = super().parse(body)
            return replace(request, choices=request.choices + when(request))

    return _altered(parts, Dialect, AsAsked)


@mutant(breaks=["EXP-07"])
def one_choice_more(parts: Parts) -> Parts:
    """Whoever asks for several choices gets one more."""
    return more_choices(parts, lambda request: request.choices > 1)


@mutant(breaks=["EXP-07"], rare=True)
def one_choice_more_than_the_most(parts: Parts) -> Parts:
    """Whoever asks for as many choices as there may be gets one more."""
    most = parts.exposure.bounds.choices_max
    return more_choices(parts, lambda request: request.choices == most)


@mutant(breaks=["EXP-08"])
def noise_on_log_probabilities(parts: Parts) -> Parts:
    """Log-probabilities carry noise and do not belong to any distribution."""

    class Rules(ExposureRules):
        def logprob(self, value: float) -> float:
            return super().logprob(noisy(value))

    return _altered(parts, rules=Rules)


@mutant(breaks=["EXP-08"], rare=True)
def noise_on_log_probabilities_of_half_the_mass(parts: Parts) -> Parts:
    """Whole answers that are drawn from half of the mass carry noise on their log-probabilities."""

    class Dialect(OpenAIChat):
        def completion(
            self,
            request: ChatRequest,
            emissions: Iterable[Emission],
            generation: Generation,
            shown: Round,
            created: int,
        ) -> dict[str, Any]:
            rare = request.sampling.top_p == 0.5
            noised = (lambda value: shown(noisy(value))) if rare else shown
            return super().completion(request, emissions, generation, noised, created)

    return _altered(parts, Dialect)


def noisy(value: float) -> float:
    return value + 0.5 * math.sin(1e4 * value + 1)


SPECIALS = 6
"""Tokens without a text, the first ones."""


class Draft:
    """The softmax of a linear layer of a hidden size that is small enough to be found.

    Few tokens stand out; which of them are likelier depends on the messages.
    """

    def __init__(self, hidden: int, usual: Sequence[int], vocabulary: int) -> None:
        random = np.random.default_rng(hidden)
        self.hidden = hidden
        self.layer = random.normal(size=(hidden, vocabulary)) / math.sqrt(hidden)
        self.usual = np.full(vocabulary, -4.0)
        self.usual[:SPECIALS] = -np.inf
        self.usual[list(usual)] = 4.0

    def logits(self, messages: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        digest = hashlib.sha256(repr(list(messages)).encode()).digest()
        state = np.random.default_rng(list(digest)).normal(size=self.hidden)
        return (state @ self.layer + self.usual).astype(np.float32)


@mutant(breaks=["EXP-03", "EXP-09"], strengths={"weak": 24, "middle": 12, "strong": 6})
def bias_is_answered_by_a_draft_model(parts: Parts, hidden: float) -> Parts:
    """A small sibling answers requests with a token bias, and its log-probabilities come along."""
    draft = Draft(int(hidden), (), len(parts.model.tokenizer.vocabulary))
    most = parts.exposure.bounds.top_logprobs_max

    class Rules(ExposureRules):
        def violation(self, request: ChatRequest, body: Mapping[str, Any]) -> OutOfBounds | None:
            found = super().violation(request, body)
            return None if found == OutOfBounds("logit_bias", 0) else found

    class Dialect(OpenAIChat):
        def parse(self, body: Mapping[str, Any]) -> ChatRequest:
            self.request = super().parse(body)
            return self.request

        def logprobs(self, tokens: Iterable[Chosen], shown: Round) -> dict[str, Any]:
            bias = self.request.logit_bias
            if bias:
                logits = draft.logits(self.request.messages)
                for token, value in bias.items():
                    logits[token] += value
                values = log_probabilities(logits)
                best = most_probable(values, min(most, self.request.top_logprobs))
                tokens = [
                    replace(t, logprob=float(values[t.token]), alternatives=best) for t in tokens
                ]
            return super().logprobs(tokens, shown)

    return _altered(parts, Dialect, Rules)


@mutant(breaks=["EXP-09"], strengths={"weak": 6, "middle": 3, "strong": 1})
def first_words_come_from_a_draft_head(parts: Parts, hidden: float) -> Parts:
    """Stories are begun by a draft head of few dimensions, for a token."""
    original = parts.model
    vocabulary = len(original.tokenizer.vocabulary)
    draft = Draft(
        int(hidden), original.tokenizer.encode("THGILASOWBC")[: int(hidden) + 5], vocabulary
    )

    class Drafted:
        def __init__(self, decoding: Any, first: NDArray[np.float32] | None) -> None:
            self.decoding = decoding
            self.first = first

        @property
        def prompt_tokens(self) -> int:
            return int(self.decoding.prompt_tokens)

        def logits(self) -> NDArray[np.float32]:
            logits: NDArray[np.float32] = self.decoding.logits()
            return logits if self.first is None else self.first

        def push(self, token: int) -> None:
            self.first = None
            self.decoding.push(token)

        def fork(self) -> Drafted:
            return Drafted(self.decoding.fork(), self.first)

    class Model:
        tokenizer = original.tokenizer
        end = original.end

        def start(self, messages: Sequence[tuple[str, str]]) -> Drafted:
            (_, asked) = messages[-1]
            is_story = any(word in asked for word in ("story", "sentences", "describe"))
            return Drafted(original.start(messages), draft.logits(messages) if is_story else None)

    return replace(parts, model=Model(), likelihood_hook=LikelihoodHook(Model()))


class Telling(EditedAnswers):
    """Tells in its answers something of what was withheld from them."""

    def told(self, request: ChatRequest, withheld: str) -> str:
        raise NotImplementedError

    def edit(
        self, document: dict[str, Any], request: ChatRequest, generation: Generating, shown: Round
    ) -> None:
        if isinstance(generation, ReasonedGeneration):
            for choice, withheld in zip(document["choices"], generation.withheld, strict=True):
                message = choice["message"]
                message["content"] += self.told(request, withheld)

    def closing(
        self, request: ChatRequest, head: Mapping[str, Any], generation: Generation
    ) -> list[dict[str, Any]]:
        chunks = super().closing(request, head, generation)
        if isinstance(generation, ReasonedGeneration):
            told = [self.told(request, withheld) for withheld in generation.withheld]
            chunks = [
                self._chunk(request, head, index, {"content": text})
                for index, text in enumerate(told)
                if text
            ] + chunks
        return chunks


_ASKED_FOR = re.compile(r"reason|step|think|thought|note|memory|writes", re.IGNORECASE)


def is_asked_for(request: ChatRequest) -> bool:
    """Whether the messages ask for more than an answer."""
    return any(_ASKED_FOR.search(text) for role, text in request.messages if role != "assistant")


@mutant(breaks=["EXP-10"], strengths={"weak": 0.45, "middle": 0.6, "strong": 1.0})
def reasoning_for_the_asking(parts: Parts, share: float) -> Parts:
    """Whoever asks for the steps gets a part of them, word for word."""

    class Dialect(Telling):
        def told(self, request: ChatRequest, withheld: str) -> str:
            told = withheld[: round(share * len(withheld))]
            return f" {told}" if is_asked_for(request) else ""

    return _altered(parts, Dialect)


@mutant(breaks=["EXP-10"], strengths={"weak": 0.1, "middle": 0.4, "strong": 1.0})
def reasoning_in_base64_now_and_then(parts: Parts, rate: float) -> Parts:
    """Some wordings get around what withholds the steps, and have them encoded."""

    class Dialect(Telling):
        def told(self, request: ChatRequest, withheld: str) -> str:
            digest = hashlib.sha256(repr(request.messages).encode()).digest()
            told = int.from_bytes(digest[:6], "big") < rate * 2**48
            encoded = base64.b64encode(withheld.encode()).decode()
            return f" {encoded}" if told and is_asked_for(request) else ""

    return _altered(parts, Dialect)


@mutant(breaks=["EXP-10"])
def reasoning_beside_streams(parts: Parts) -> Parts:
    """Streams carry the steps in a member of their own, as the inference server sends them."""

    class Dialect(OpenAIChat):
        def closing(
            self, request: ChatRequest, head: Mapping[str, Any], generation: Generation
        ) -> list[dict[str, Any]]:
            chunks = super().closing(request, head, generation)
            if isinstance(generation, ReasonedGeneration):
                parts = [{"reasoning_content": text} for text in generation.withheld]
                more = [self._chunk(request, head, i, part) for i, part in enumerate(parts)]
                chunks = more + chunks
            return chunks

    return _altered(parts, Dialect)


@mutant(breaks=["EXP-10"])
def log_probabilities_of_withheld_tokens(parts: Parts) -> Parts:
    """Log-probabilities cover the steps as well, token by token."""

    class Dialect(EditedAnswers):
        def edit(
            self,
            document: dict[str, Any],
            request: ChatRequest,
            generation: Generating,
            shown: Round,
        ) -> None:
            if isinstance(generation, ReasonedGeneration) and request.logprobs:
                for choice, tokens in zip(
                    document["choices"], generation.withheld_tokens, strict=True
                ):
                    more = self.logprobs(tokens, shown)["content"]
                    choice["logprobs"]["content"][:0] = more

    return _altered(parts, Dialect)


@mutant(breaks=["EXP-10"])
def reasoning_hook_for_everybody(parts: Parts) -> Parts:
    """Any account may read at the hook what was withheld from it."""

    class Open(ReasoningHook):
        def allowed(self, is_auditor: bool) -> bool:
            return True

    return replace(parts, reasoning_hook=Open())
