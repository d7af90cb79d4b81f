"""Check of the requirement that determinism does not defeat the defences (EXP-12)."""

from __future__ import annotations

from collections.abc import Callable

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable, requirement
from drs_conformance.checks.under_measure import CHOICES, TOKENS, under_perturbation
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.free_text import free_text_prompts

BATCH = 32
TRIED = 2
"""Prompts on which each way has to give `control` the same answer twice."""


@requirement("EXP-12")
def test_parameters_do_not_switch_the_mechanism_off(lab: Lab) -> None:
    """Answers that repeat themselves exactly, to `control` and to an account that is perturbed."""
    account = under_perturbation(lab)
    prompts = lab.examples(free_text_prompts(), BATCH)
    tried = [next(prompts) for _ in range(TRIED)]
    ways = {
        name: way
        for name, way in _ways(lab).items()
        if all(last(lab.chat(way(prompt))) == last(lab.chat(way(prompt))) for prompt in tried)
    }
    if not ways:
        raise Untestable("nothing that a request can say makes `control` get the same answer twice")
    trial = lab.trial(*ways, channel="text", reference="the answer of `control` to the same")
    same: list[Exchange] = []
    while trial.decision is None:
        prompt = next(prompts)
        for name in trial.open:
            request = ways[name](prompt)
            plain, other = lab.chat(request), account.chat(request)
            differs = last(plain) != last(other)
            if not differs:
                same += [plain.exchange, other.exchange]
            trial.observe_coin(differs, name)
    account.expect_to_be_there_still()
    lab.conclude(trial, "a parameter of the request gets the unperturbed answer", *same[-8:])


def _ways(lab: Lab) -> dict[str, Callable[[str], ChatRequest]]:
    """Return by name what makes an answer repeatable.

    Each prompt has a seed of its own: one seed draws alike in prompts of one form, and whether a
    small tilt moves such a draw would be decided for all of them at once.
    """

    def greedy(prompt: str) -> ChatRequest:
        return ChatRequest((("user", prompt),), max_tokens=TOKENS, temperature=0.0)

    def seeded(prompt: str, choices: int | None = None) -> ChatRequest:
        messages, seed = (("user", prompt),), lab.key(f"seed of {prompt}") % 2**31
        return ChatRequest(messages, max_tokens=TOKENS, temperature=1.0, seed=seed, n=choices)

    ways: dict[str, Callable[[str], ChatRequest]] = {"zero temperature": greedy}
    if not lab.dialect.abilities.has("seed"):
        return ways
    ways["fixed seed"] = seeded
    choices = lab.surface.choices(CHOICES)
    if choices is not None:
        ways["last choice with a fixed seed"] = lambda prompt: seeded(prompt, choices)
    return ways


def last(answer: ChatAnswer) -> str:
    """Return the text of the last choice."""
    return answer.choices[-1].text
