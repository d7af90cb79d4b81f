"""Print, task by task, how often the shipped model is right and how much it leaves open.

    python reference_impl/training/evaluate_model.py

Prompts are held out from training where a task has one right answer. Free text counts as right
when some filling of its template gives it. Entropy is the sum over the tokens of a response
sampled at T=1 of the exact entropy of the next-token distribution.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # further threads only spin at this size

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drs_reference.model import LanguageModel, log_softmax
from drs_reference.model.language import TASKS, Sample, draw_sample

LIMIT = 110
"""Tokens after which a response is cut off; the longest right answer has about 60."""


@dataclass(frozen=True)
class Response:
    """A generated answer; ``entropy`` in nats."""

    text: str
    tokens: int
    entropy: float


def respond(model: LanguageModel, sample: Sample, rng: np.random.Generator | None) -> Response:
    """Answer greedily, or at T=1 with ``rng``."""
    decoding = model.start(sample.messages)
    tokens: list[int] = []
    entropy = 0.0
    while len(tokens) < LIMIT:
        logits = decoding.logits()
        if rng is None:
            token = int(logits.argmax())
        else:
            log_p = log_softmax(logits).astype(np.float64)
            p = np.exp(log_p)
            entropy -= float(np.sum(p * np.where(p > 0, log_p, 0)))
            token = int(rng.choice(p.size, p=p / p.sum()))
        if token == model.end:
            break
        tokens.append(token)
        decoding.push(token)
    return Response(model.tokenizer.decode(tokens), len(tokens), entropy)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="default: the shipped weights")
    parser.add_argument("--prompts", type=int, default=300, help="prompts per task")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--errors", action="store_true", help="print up to two errors a task")
    arguments = parser.parse_args()
    model = LanguageModel.load(arguments.weights)
    rng = np.random.default_rng(arguments.seed)
    prompts = Random(f"evaluation {arguments.seed}")
    produced, seconds, cpu = 0, 0.0, 0.0
    print("| task | greedy | T=1 | tokens | nats per response |\n|---|---|---|---|---|")
    for task in TASKS:
        samples = [draw_sample(prompts, task, held_out=True) for _ in range(arguments.prompts)]
        wall, process = time.perf_counter(), time.process_time()
        greedy = [respond(model, sample, None) for sample in samples]
        seconds += time.perf_counter() - wall
        cpu += time.process_time() - process
        produced += sum(response.tokens + 1 for response in greedy)
        sampled = [respond(model, sample, rng) for sample in samples]
        right = [
            np.mean([s.is_right(r.text) for s, r in zip(samples, rs, strict=True)])
            for rs in (greedy, sampled)
        ]
        print(
            f"| {task} | {right[0]:.3f} | {right[1]:.3f} "
            f"| {np.mean([r.tokens for r in sampled]):.1f} "
            f"| {np.mean([r.entropy for r in sampled]):.2f} |"
        )
        if arguments.errors:
            wrong = [(s, r) for s, r in zip(samples, greedy, strict=True) if not s.is_right(r.text)]
            for sample, response in wrong[:2]:
                print(f"  {sample.messages}\n  right {sample.answer!r}\n  said  {response.text!r}")
    print(
        f"\n{produced} tokens greedily with prefill: {produced / seconds:.0f} tokens/s, "
        f"{cpu / produced * 1e6:.0f} CPU us a token"
    )
    decoding = model.start([("user", "Hello!")])
    decoding.push(20)
    cpu = time.process_time()
    for _ in range(100):
        decoding.push(20)
    print(f"one step without sampling: {(time.process_time() - cpu) * 1e4:.0f} CPU us")


if __name__ == "__main__":
    main()
