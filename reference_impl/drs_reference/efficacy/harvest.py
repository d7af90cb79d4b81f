"""Harvesting: prompts to a chat-completions endpoint over HTTP, answers to a corpus."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from drs_reference.efficacy import corpus
from drs_reference.efficacy.conditions import Condition
from drs_reference.efficacy.endpoint import Endpoint, serving
from drs_reference.efficacy.tasks import opening
from drs_reference.model.language import Sample

__all__ = ["HarvestError", "Plan", "collect", "harvest"]

_AT_ONCE = 4
_TIMEOUT_S = 60
_ATTEMPTS = 4
"""A kept connection may be closed just when it is used again; seeds make answers repeatable."""


class HarvestError(Exception):
    """The endpoint did not answer as chat completions do; the message says what came."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many answers are harvested, and how they are asked for.

    Each of ``accounts`` asks each prompt ``repeats`` times. With ``prefill`` a prompt carries the
    beginning of the steps as a message of the assistant.
    """

    answers: int
    repeats: int = 1
    accounts: int = 1
    prefill: bool = False

    @property
    def prompts(self) -> int:
        """Different prompts that are asked."""
        return self.answers // (self.repeats * self.accounts)

    @property
    def name(self) -> str:
        """The name of a corpus of this plan."""
        return f"{self.answers}x{self.repeats}x{self.accounts}" + "-prefill" * self.prefill


def harvest(condition: Condition, seed: int, teacher: Path, plan: Plan, path: Path) -> None:
    """Harvest an endpoint under a condition into a file, unless the file is there."""
    if not path.exists():
        with serving(condition, seed, teacher, plan.accounts) as endpoint:
            lines = collect(endpoint, corpus.prompts(seed, plan.prompts), plan, condition)
        corpus.write(path, lines)


def collect(
    endpoint: Endpoint, prompts: list[Sample], plan: Plan, condition: Condition
) -> list[tuple[int, int, str]]:
    """(number of the prompt, account, text) of every answer. Raises ``HarvestError``."""
    asked = [
        (number, account, repeat)
        for number in range(len(prompts))
        for account in range(plan.accounts)
        for repeat in range(plan.repeats)
    ]
    with (
        httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):

        def answer(one: tuple[int, int, int]) -> tuple[int, int, str]:
            number, account, repeat = one
            sample = prompts[number]
            begun = opening(sample) if plan.prefill else ""
            messages = [{"role": role, "content": text} for role, text in sample.messages]
            if begun:
                messages.append({"role": "assistant", "content": begun})
            body = {
                "model": endpoint.model,
                "messages": messages,
                "temperature": condition.temperature,
                "seed": (number * plan.accounts + account) * plan.repeats + repeat,
                "max_tokens": 128,
            }
            text = _said(client, endpoint.url, endpoint.keys[account], body)
            return number, account, text if text.startswith(begun) else begun + text

        return list(pool.map(answer, asked))


def _said(client: httpx.Client, url: str, key: str, body: dict[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            response = client.post(url, json=body, headers=headers)
            break
        except httpx.TransportError as error:
            if attempt == _ATTEMPTS:
                raise HarvestError(f"no answer from {url}: {error!r}") from error
    try:
        if response.status_code == 200:
            return str(response.json()["choices"][0]["message"]["content"] or "")
    except (ValueError, LookupError, TypeError):
        pass
    raise HarvestError(
        f"expected a chat completion from {url}, got {response.status_code}: {response.text[:200]}"
    )
