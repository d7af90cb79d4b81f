"""Generation: from a model's logits to tokens, with the controls of the request.

Log-probabilities are taken before temperature, penalties, bias and nucleus, so none of these can
be used to see more of the model than the alternatives of a position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Floats = NDArray[np.float64]
Step = Callable[[Logits, Sequence[int]], Logits]
"""Logits (vocabulary,) and the tokens before, to the logits from which is sampled.

The tokens before are the end token that stands before an answer, and those of the answer.
"""
Draw = Callable[[Floats, Sequence[int], np.random.Generator], int]
"""Weights (vocabulary,), the tokens before, and a source of randomness, to the token drawn."""


class Tokens(Protocol):
    """Tokenizer of a model."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Name of every token; all different."""

    def token_text(self, token: int) -> str:
        """Text of a token; empty for special ones."""

    def encode(self, text: str) -> list[int]:
        """Tokens of a text."""


class Decoding(Protocol):
    """One sequence in the making."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the rendered prompt."""

    def logits(self) -> Logits:
        """Scores (vocabulary,) of the next token."""

    def push(self, token: int) -> None:
        """Append the chosen token."""

    def fork(self) -> Decoding:
        """An independent decoding in the same state."""


class Model(Protocol):
    """An autoregressive language model."""

    @property
    def tokenizer(self) -> Tokens:
        """Its tokenizer."""

    @property
    def end(self) -> int:
        """The token that ends an answer."""

    def start(self, messages: Sequence[tuple[str, str]]) -> Decoding:
        """Begin the answer to (role, text) messages."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. Temperature 0 is greedy; ``seed`` makes the choice repeatable.

    With ``alike`` all choices of a request are drawn with the same randomness.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    seed: int | None = None
    alike: bool = False
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A token with its natural-log probability."""

    token: int
    logprob: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """A generated token, its log-probability and the most probable alternatives, best first."""

    token: int
    text: str
    logprob: float
    alternatives: tuple[Scored, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model calls; ``arguments`` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Emission:
    """Tokens of one choice that are ready to be shown, and their text, or a tool call.

    ``finish`` is set on the last emission of a choice: stop, length or tool_calls; ``stop`` is the
    stop sequence that ended it, if one did. ``refusal`` is the text with which an answer is
    declined.
    """

    choice: int
    tokens: tuple[Chosen, ...]
    text: str
    finish: str | None = None
    generated: int = 0
    call: Call | None = None
    refusal: str = ""
    stop: str | None = None


def log_probabilities(logits: Logits) -> Floats:
    """Natural-log probabilities (vocabulary,); -inf stays -inf."""
    exact = logits.astype(np.float64)
    shifted = exact - exact.max()
    normalised: Floats = shifted - np.log(np.exp(shifted).sum())
    return normalised


def most_probable(logprobs: Floats, k: int) -> tuple[Scored, ...]:
    """The ``k`` most probable tokens, best first; of equals, the lower id first."""
    order = np.argsort(-logprobs, kind="stable")[:k]
    return tuple(Scored(int(i), float(logprobs[i])) for i in order if np.isfinite(logprobs[i]))


def adjusted(logits: Logits, sampling: Sampling, counts: Floats) -> Floats:
    """Logits after bias and penalties; ``counts`` (vocabulary,) are tokens generated so far."""
    scores = logits.astype(np.float64)
    if sampling.presence_penalty or sampling.frequency_penalty:
        scores -= sampling.frequency_penalty * counts + sampling.presence_penalty * (counts > 0)
    for token, bias in sampling.logit_bias.items():
        scores[token] += bias
    return scores


def weights(scores: Floats, sampling: Sampling) -> Floats:
    """Weights (vocabulary,) of adjusted logits under a temperature above 0 and a nucleus.

    The greatest is 1; what lies outside of the nucleus has 0.
    """
    with np.errstate(over="ignore"):
        found: Floats = np.exp((scores - scores.max()) / sampling.temperature)
    if sampling.top_p < 1:
        order = np.argsort(-found, kind="stable")
        cumulative = np.add.accumulate(found[order])
        nucleus = int(np.searchsorted(cumulative, sampling.top_p * cumulative[-1])) + 1
        found[order[nucleus:]] = 0
    return found


def untilted(logits: Logits, before: Sequence[int]) -> Logits:
    """The step of an answer that is not perturbed."""
    return logits


def drawn(law: Floats, before: Sequence[int], random: np.random.Generator) -> int:
    """A token with a probability in proportion to its weight, whatever stands before it."""
    # That is np.cumsum without its detour, which takes a fifth of a draw.
    cumulative = np.add.accumulate(law)
    # Never the total itself, which rounding can make of a number just below 1.
    aim = min(random.random() * cumulative[-1], np.nextafter(cumulative[-1], 0))
    return int(np.searchsorted(cumulative, aim, side="right"))


def choose(
    scores: Floats,
    sampling: Sampling,
    random: np.random.Generator,
    draw: Draw = drawn,
    before: Sequence[int] = (),
) -> int:
    """A token from adjusted logits, the most probable one at temperature 0."""
    if sampling.temperature == 0:
        return int(scores.argmax())
    return draw(weights(scores, sampling), before, random)


def generator(seed: int | None, choice: int) -> np.random.Generator:
    """The source of randomness of one choice; unpredictable without a seed."""
    if seed is None:
        return np.random.default_rng()
    return np.random.default_rng([seed % 2**64, choice])


class Choice:
    """One choice in the making. Text that may begin a stop sequence is held back."""

    def __init__(
        self,
        index: int,
        decoding: Decoding,
        model: Model,
        sampling: Sampling,
        alternatives: int,
        perturb: Step,
        draw: Draw,
    ) -> None:
        self.index = index
        self.done = False
        self._decoding = decoding
        self._model = model
        self._sampling = sampling
        self._alternatives = alternatives
        self._perturb = perturb
        self._draw = draw
        self._random = generator(sampling.seed, 0 if sampling.alike else index)
        self._counts: Floats = np.zeros(len(model.tokenizer.vocabulary))
        self._before = [model.end]
        self._last: int | None = None
        self._pending: list[Chosen] = []
        self._shown = 0

    def advance(self) -> Emission:
        """Show one more token; the emission may be empty."""
        chosen = self._next()
        if chosen is None:
            return self._finish("stop")
        self._pending.append(chosen)
        self._shown += 1
        cut = self._stop_at()
        if cut is not None:
            return self._finish("stop", cut)
        if self._shown >= self._sampling.max_tokens:
            return self._finish("length")
        return self._ready()

    def _next(self) -> Chosen | None:
        """The token to show next; None where the answer ends."""
        return self._generate()

    def _generate(self, given: int | None = None) -> Chosen | None:
        """Append a token, drawn unless it is ``given``; None for the one that ends an answer."""
        if self._last is not None:
            self._decoding.push(self._last)
            self._last = None
        logits = self._perturb(self._decoding.logits(), self._before)
        token = given
        if token is None:
            scores = adjusted(logits, self._sampling, self._counts)
            token = choose(scores, self._sampling, self._random, self._draw, self._before)
        if token == self._model.end:
            return None
        logprobs = log_probabilities(logits)
        text = self._model.tokenizer.token_text(token)
        best = most_probable(logprobs, self._alternatives) if self._alternatives else ()
        self._last = token
        self._before.append(token)
        self._counts[token] += 1
        return Chosen(token, text, float(logprobs[token]), best)

    def _text(self) -> str:
        return "".join(token.text for token in self._pending)

    def _stop_at(self) -> int | None:
        """Where in the pending text the first stop sequence begins."""
        if not self._sampling.stop:
            return None
        text = self._text()
        places = [place for stop in self._sampling.stop if (place := text.find(stop)) >= 0]
        return min(places, default=None)

    def _ready(self) -> Emission:
        """The pending tokens that no stop sequence can reach any more."""
        text = self._text()
        if not self._sampling.stop:
            tokens, self._pending = tuple(self._pending), []
            return Emission(self.index, tokens, text)
        held = 0
        for stop in self._sampling.stop:
            fits = (n for n in range(min(len(stop) - 1, len(text)), 0, -1))
            held = max(held, next((n for n in fits if text.endswith(stop[:n])), 0))
        safe, taken, length = len(text) - held, 0, 0
        while taken < len(self._pending) and length + len(self._pending[taken].text) <= safe:
            length += len(self._pending[taken].text)
            taken += 1
        tokens, self._pending = tuple(self._pending[:taken]), self._pending[taken:]
        return Emission(self.index, tokens, text[:length])

    def _finish(self, reason: str, cut: int | None = None) -> Emission:
        all_text = self._text()
        text = all_text[:cut]
        kept, start = [], 0
        for token in self._pending:
            if cut is None or start < cut:
                kept.append(token)
            start += len(token.text)
        self.done = True
        stops = (s for s in self._sampling.stop if cut is not None and all_text.startswith(s, cut))
        stop = next(stops, None)
        return Emission(self.index, tuple(kept), text, reason, self._shown, stop=stop)


class Generating(Protocol):
    """The work of one request; tokens are counted once ``emissions`` has ended."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the rendered prompt."""

    @property
    def completion_tokens(self) -> int:
        """Tokens that were generated, of all choices."""

    @property
    def reasoning_tokens(self) -> int | None:
        """Tokens that were generated and not shown; None where nothing is withheld."""

    def emissions(self) -> Iterator[Emission]:
        """Emissions of all choices."""


class Generation:
    """All choices of one request; iterate ``emissions`` once."""

    def __init__(
        self,
        model: Model,
        messages: Sequence[tuple[str, str]],
        sampling: Sampling,
        *,
        choices: int = 1,
        alternatives: int = 0,
        perturb: Step = untilted,
        draw: Draw = drawn,
    ) -> None:
        self.model = model
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._messages = messages
        self._sampling = sampling
        self._choices = choices
        self._alternatives = alternatives
        self._perturb = perturb
        self._draw = draw

    @property
    def reasoning_tokens(self) -> int | None:
        """Tokens that were generated and not shown; None where nothing is withheld."""
        return None

    def emissions(self) -> Iterator[Emission]:
        """Emissions of the choices in turn, token by token; empty ones are left out."""
        first = self.model.start(self._messages)
        self.prompt_tokens = first.prompt_tokens
        decodings = [first, *(first.fork() for _ in range(self._choices - 1))]
        running = [self._choice(i, decoding) for i, decoding in enumerate(decodings)]
        while running:
            for choice in running:
                emission = choice.advance()
                self.completion_tokens += emission.generated
                if emission.tokens or emission.finish:
                    yield emission
            running = [choice for choice in running if not choice.done]

    kind: type[Choice] = Choice

    def _choice(self, index: int, decoding: Decoding) -> Choice:
        return self.kind(
            index,
            decoding,
            self.model,
            self._sampling,
            self._alternatives,
            self._perturb,
            self._draw,
        )
