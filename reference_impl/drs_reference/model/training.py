"""Training of small language models in torch, from scratch on a language that is drawn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from drs_reference.model.language import Sample, draw_conversation
from drs_reference.model.network import Config
from drs_reference.model.prompt import render
from drs_reference.model.tokenizer import END, Tokenizer
from drs_reference.model.torch_network import TorchModel

__all__ = ["UNSCORED", "TorchModel", "descent", "targets_of", "train"]

UNSCORED = -100
"""The target of a token that is not learnt."""
Conversations = Callable[[Random], Sequence[Sample]]


def targets_of(
    tokenizer: Tokenizer, messages: Sequence[tuple[str, str]], answer: str
) -> tuple[list[int], list[int]]:
    """Tokens of an exchange, and for each the next one if it is part of the answer."""
    prompt, said = render(tokenizer, messages), [*tokenizer.encode(answer), END]
    return prompt + said, [UNSCORED] * (len(prompt) - 1) + said + [UNSCORED]


class Stream:
    """Conversations packed end to end and cut into rows."""

    def __init__(self, rng: Random, draw: Conversations, tokenizer: Tokenizer, length: int) -> None:
        self._rng, self._draw, self._tokenizer, self._length = rng, draw, tokenizer, length
        self._rows: list[tuple[int, int, int]] = []
        self._conversations = 0

    def _extend(self) -> None:
        self._conversations += 1
        for sample in self._draw(self._rng):
            tokens, targets = targets_of(self._tokenizer, sample.messages, sample.answer)
            self._rows += [
                (token, target, self._conversations)
                for token, target in zip(tokens, targets, strict=True)
            ]

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, targets and conversation numbers, (size, length) each."""
        count = size * self._length
        while len(self._rows) < count:
            self._extend()
        taken, self._rows = self._rows[:count], self._rows[count:]
        block = torch.tensor(taken).view(size, self._length, 3)
        return block[..., 0], block[..., 1], block[..., 2]


def descent(model: TorchModel, rate: float, iterations: int) -> Callable[[Tensor], None]:
    """What takes a step down a loss, so many times.

    Muon for matrices and AdamW for embeddings, with a warm-up and half a cosine.
    """
    matrices = [value for name, value in model.named_parameters() if name.startswith("blocks")]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([model.embed, model.head], lr=rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]

    def share(iteration: int) -> float:
        falling = 0.51 + 0.49 * math.cos(math.pi * iteration / iterations)
        return min(1.0, (iteration + 1) / 50) * falling

    schedules = [torch.optim.lr_scheduler.LambdaLR(one, share) for one in optimizers]

    def step(loss: Tensor) -> None:
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()

    return step


def train(
    seed: int,
    config: Config,
    iterations: int,
    batch: int,
    draw: Conversations = draw_conversation,
    say: Callable[[str], None] = print,
) -> tuple[TorchModel, float]:
    """The trained model and its mean loss over the last 50 iterations, in nats a token.

    The same seed, torch build and processor type give the same weights.
    """
    torch.manual_seed(seed)
    model = TorchModel(config)
    stream = Stream(Random(seed), draw, Tokenizer(), config.context)
    step = descent(model, 0.006, iterations)
    losses: list[float] = []
    started = time.perf_counter()
    for iteration in range(iterations):
        ids, targets, document = stream.batch(batch)
        loss = F.cross_entropy(model(ids, document).flatten(0, 1), targets.flatten())
        step(loss)
        losses.append(loss.item())
        if (iteration + 1) % 100 == 0:
            seconds = time.perf_counter() - started
            say(f"{iteration + 1:5d}  loss {np.mean(losses[-50:]):.4f}  {seconds:.0f} s")
    return model, float(np.mean(losses[-50:]))
