"""Train the embedded language model from scratch on its synthetic language.

    python reference_impl/training/train_model.py --seed 0 \
        --out reference_impl/drs_reference/model/weights.npz

The same seed, torch build and processor type give the same weights.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drs_reference.model.language import GRAMMAR_VERSION, draw_conversation
from drs_reference.model.network import Config
from drs_reference.model.prompt import render
from drs_reference.model.tokenizer import END, Tokenizer
from drs_reference.model.weights import Metadata, save_weights
from torch_model import TorchModel


class Stream:
    """Conversations packed end to end and cut into rows; the target of a prompt token is -100."""

    def __init__(self, rng: Random, tokenizer: Tokenizer, length: int) -> None:
        self._rng, self._tokenizer, self._length = rng, tokenizer, length
        self._rows: list[tuple[int, int, int]] = []
        self._conversations = 0

    def _extend(self) -> None:
        self._conversations += 1
        for sample in draw_conversation(self._rng):
            prompt = render(self._tokenizer, sample.messages)
            answer = [*self._tokenizer.encode(sample.answer), END]
            targets = [-100] * (len(prompt) - 1) + answer + [-100]
            self._rows += [
                (token, target, self._conversations)
                for token, target in zip(prompt + answer, targets, strict=True)
            ]

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, targets and conversation numbers, (size, length) each."""
        count = size * self._length
        while len(self._rows) < count:
            self._extend()
        taken, self._rows = self._rows[:count], self._rows[count:]
        block = torch.tensor(taken).view(size, self._length, 3)
        return block[..., 0], block[..., 1], block[..., 2]


def train(seed: int, config: Config, iterations: int, batch: int) -> tuple[TorchModel, float]:
    """The trained model and its mean loss over the last 50 iterations, in nats a token."""
    torch.manual_seed(seed)
    model = TorchModel(config)
    stream = Stream(Random(seed), Tokenizer(), config.context)
    matrices = [value for name, value in model.named_parameters() if name.startswith("blocks")]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=0.006, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(
            [model.embed, model.head], lr=0.006, betas=(0.9, 0.98), weight_decay=0.01
        ),
    ]
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda i: min(1.0, (i + 1) / 50) * (0.51 + 0.49 * math.cos(math.pi * i / iterations)),
        )
        for optimizer in optimizers
    ]
    losses: list[float] = []
    started = time.perf_counter()
    for iteration in range(iterations):
        ids, targets, document = stream.batch(batch)
        loss = F.cross_entropy(model(ids, document).flatten(0, 1), targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        losses.append(loss.item())
        if (iteration + 1) % 100 == 0:
            seconds = time.perf_counter() - started
            print(
                f"{iteration + 1:5d}  loss {np.mean(losses[-50:]):.4f}  {seconds:.0f} s", flush=True
            )
    return model, float(np.mean(losses[-50:]))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--iterations", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32, help="rows of 128 tokens an iteration")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=192)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tokenizer = Tokenizer()
    config = Config(len(tokenizer.vocabulary), layers=arguments.layers, hidden=arguments.hidden)
    started, cpu = time.perf_counter(), time.process_time()
    model, loss = train(arguments.seed, config, arguments.iterations, arguments.batch)
    metadata = Metadata(config, arguments.seed, GRAMMAR_VERSION, tokenizer.digest)
    save_weights(arguments.out, metadata, model.arrays())
    parameters = sum(value.numel() for value in model.parameters())
    print(
        f"{parameters} parameters, final loss {loss:.4f}, {time.perf_counter() - started:.0f} s, "
        f"{time.process_time() - cpu:.0f} CPU-s, {arguments.out.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
