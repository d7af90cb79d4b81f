"""Tokens a second of the reference endpoint, beside the bare model: `make bench-model`.

The endpoint, as `drs-reference serve` starts it, is asked for free text over HTTP on loopback by
so many requests at a time; tokens are those that it counts in its answers. Server and client
share the cores. The bound is the same conversations decoded in this process without any endpoint,
so many sequences in step, and once more with a process on each core. Rounds of the three take
turns; figures are medians over the rounds. The exit status is 1 where the goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import httpx
from drs_reference.gateway.sampling import Sampling, drawn, generator, weights
from drs_reference.model import LanguageModel
from drs_reference.model.language import draw_sample

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "docs" / "measurements" / "model.json"
GOAL = 5000
"""Tokens a second over HTTP, on two cores."""
ACCOUNTS = 4
"""Fewer than a campaign has, and together far from their quotas."""
ANSWER_MAX = 64
Conversation = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Size:
    """Rounds, requests in each, and how many of them are under way at a time."""

    rounds: int = 7
    requests: int = 400
    at_once: int = 8


QUICK = Size(1, 8, 2)


def conversations(count: int) -> list[Conversation]:
    """Return questions for free text, the same each time."""
    rng = Random("model benchmark")
    return [
        draw_sample(rng, ("story", "explanation")[number % 2]).messages for number in range(count)
    ]


@contextmanager
def endpoint() -> Iterator[tuple[str, str, list[str]]]:
    """Start the endpoint; yield where it takes chats, its model and the keys of some accounts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "target"
        command = [sys.executable, "-m", "drs_reference", "serve", "--write-target", str(folder)]
        with (Path(name) / "log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                [*command, "--accounts", str(ACCOUNTS)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            with process:
                try:
                    assert process.stdout is not None
                    line = process.stdout.readline()
                    if not line:
                        log.seek(0)
                        raise SystemExit(f"the endpoint did not start: {log.read()}")
                    ready = json.loads(line)
                    lines = (folder / "credentials.env").read_text("utf-8").splitlines()
                    keys = [one.partition("=")[2] for one in lines if one.startswith("DRS_BLIND_")]
                    yield f"{ready['url']}/v1/chat/completions", ready["model"], keys
                finally:
                    process.terminate()


def over_http(
    url: str, model: str, keys: Sequence[str], asked: Sequence[Conversation], at_once: int
) -> float:
    """Return the tokens a second of answers to all conversations."""

    async def send() -> float:
        rest, tokens = iter(enumerate(asked)), 0
        limits = httpx.Limits(max_keepalive_connections=at_once)
        async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:

            async def worker() -> None:
                nonlocal tokens
                for number, messages in rest:
                    answer = await client.post(
                        url,
                        headers={"Authorization": f"Bearer {keys[number % len(keys)]}"},
                        json={
                            "model": model,
                            "messages": [{"role": r, "content": text} for r, text in messages],
                            "temperature": 1,
                            "seed": number,
                            "max_tokens": ANSWER_MAX,
                        },
                    )
                    if answer.status_code != 200:
                        raise SystemExit(
                            f"expected status 200 from {url}, got {answer.status_code}: "
                            f"{answer.text[:200]}"
                        )
                    tokens += answer.json()["usage"]["completion_tokens"]

            began = time.perf_counter()
            await asyncio.gather(*(worker() for _ in range(at_once)))
            return tokens / (time.perf_counter() - began)

    return asyncio.run(send())


def decoded(asked: Sequence[Conversation], at_once: int) -> tuple[int, float]:
    """Decode all conversations in batches; return the tokens, and the seconds that it took."""
    model, tokens = LanguageModel.load(), 0
    random = generator(0, 0)
    began = time.perf_counter()
    for first in range(0, len(asked), at_once):
        running = [
            (model.start(messages), [model.end]) for messages in asked[first : first + at_once]
        ]
        while running:
            still = []
            for decoding, before in running:
                law = weights(decoding.logits().astype("float64"), Sampling())
                token = drawn(law, before, random)
                if token == model.end:
                    continue
                tokens += 1
                before.append(token)
                if len(before) <= ANSWER_MAX:
                    decoding.push(token)
                    still.append((decoding, before))
            running = still
    return tokens, time.perf_counter() - began


def on_cores(pool: Executor, cores: int, asked: Sequence[Conversation], at_once: int) -> float:
    """Return the tokens a second of one process on each core, each with its part of them."""
    parts = [asked[core::cores] for core in range(cores)]
    found = pool.map(decoded, parts, [at_once] * cores)
    return sum(tokens / seconds for tokens, seconds in found)


def measure(size: Size) -> dict[str, Any]:
    """Return the medians of all rounds, and every round."""
    cores = os.cpu_count() or 1
    asked = conversations(size.requests)
    with (
        ProcessPoolExecutor(cores, get_context("spawn")) as pool,
        endpoint() as (url, model, keys),
    ):
        warm = asked[: 2 * size.at_once]
        over_http(url, model, keys, warm, size.at_once)
        on_cores(pool, cores, warm, size.at_once)
        rounds = []
        for number in range(1, size.rounds + 1):
            tokens, seconds = decoded(asked, size.at_once)
            rounds.append(
                {
                    "endpoint": round(over_http(url, model, keys, asked, size.at_once)),
                    "model_on_one_core": round(tokens / seconds),
                    "model_on_every_core": round(on_cores(pool, cores, asked, size.at_once)),
                }
            )
            print(f"round {number} of {size.rounds}, tokens a second: {rounds[-1]}", flush=True)
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    return {
        "requests": size.requests,
        "at_once": size.at_once,
        "tokens_per_s": medians,
        "share_of_one_core": round(medians["endpoint"] / medians["model_on_one_core"], 3),
        "share_of_every_core": round(medians["endpoint"] / medians["model_on_every_core"], 3),
        "rounds": rounds,
    }


def main() -> int:
    """Print the figures, write them with --record; 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the figures")
    parser.add_argument("--out", type=Path, default=RESULT, help="default: %(default)s")
    parser.add_argument("--goal", type=float, default=GOAL, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="a little of it")
    options = parser.parse_args()
    table = {
        "command": "make bench-model",
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "goal_tokens_per_s": options.goal,
        **measure(QUICK if options.quick else Size()),
    }
    print(json.dumps(table, indent=1))
    if options.record:
        options.out.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    reached = table["tokens_per_s"]["endpoint"]
    met = reached >= options.goal
    print(f"{'met' if met else 'MISSED'}: {reached:.0f} of {options.goal:g} tokens a second")
    return 0 if met else 1


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
