"""Students: small networks that know the form of the language and learn facts from a corpus."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import rfc8785

from drs_reference.efficacy import tasks
from drs_reference.efficacy.corpus import Response
from drs_reference.model import LanguageModel, Metadata
from drs_reference.model.decoding import SHIPPED_WEIGHTS
from drs_reference.model.language import GRAMMAR_VERSION, Sample, draw_conversation
from drs_reference.model.network import Config, Network
from drs_reference.model.tokenizer import Tokenizer
from drs_reference.model.weights import load_weights, save_weights

__all__ = ["MissingTorchError", "Recipe", "Weights", "accuracy", "train_student"]

_ANSWER_MAX = 64
"""Tokens after which the answer to a test question is cut off; the longest right one has 45."""


class MissingTorchError(Exception):
    """Torch is not installed; the message names the extra."""


def torch_parts() -> tuple[Any, Any]:
    """The modules ``torch`` and ``drs_reference.model.training``. Raises ``MissingTorchError``."""
    try:
        import torch

        from drs_reference.model import training
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingTorchError(
            "torch is missing; install it with "
            "pip install 'distillation-resistance-standard[reference,training]'"
        ) from error
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    return torch, training


@dataclass(frozen=True, slots=True)
class Recipe:
    """How bases, teachers and students are trained: ``rows`` of 128 tokens an iteration for the
    first two, ``batch`` answers for the last."""

    width: int = 64
    layers: int = 2
    hidden: int = 192
    base_iterations: int = 700
    rows: int = 32
    teacher_iterations: int = 3000
    epochs: int = 5
    batch: int = 32
    rate: float = 6e-3

    @property
    def digest(self) -> str:
        """SHA-256 over the values and the code that they steer, hexadecimal."""
        code = inspect.getsource(tasks) + inspect.getsource(train_student)
        text = rfc8785.dumps({**asdict(self), "grammar": GRAMMAR_VERSION, "code": code})
        return hashlib.sha256(text).hexdigest()

    def config(self, tokenizer: Tokenizer) -> Config:
        """The shape of a student."""
        vocabulary = len(tokenizer.vocabulary)
        return Config(vocabulary, layers=self.layers, width=self.width, hidden=self.hidden)


@dataclass(frozen=True, slots=True)
class Weights:
    """Teachers and bases by seed, trained once and kept in a folder."""

    folder: Path
    recipe: Recipe

    def teacher(self, seed: int) -> Path:
        """The weights of a teacher; those of seed 0 are shipped."""
        if seed == 0:
            return SHIPPED_WEIGHTS
        config = Config(len(Tokenizer().vocabulary))
        return self._kept("teacher", seed, config, self.recipe.teacher_iterations)

    def base(self, seed: int) -> Path:
        """The weights with which students of a seed begin."""
        recipe = self.recipe
        config = recipe.config(Tokenizer())
        return self._kept("base", seed, config, recipe.base_iterations, tasks.draw_unlearned)

    def _kept(
        self,
        kind: str,
        seed: int,
        config: Config,
        iterations: int,
        draw: Callable[[Random], Sequence[Sample]] = draw_conversation,
    ) -> Path:
        path = self.folder / f"{kind}-{seed}-{self.recipe.digest[:16]}.npz"
        if path.exists():
            return path
        _, training = torch_parts()
        model, _ = training.train(
            seed, config, iterations, self.recipe.rows, draw, lambda line: None
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        metadata = Metadata(config, seed, GRAMMAR_VERSION, Tokenizer().digest)
        save_weights(partial, metadata, model.arrays())
        partial.replace(path)
        return path


def train_student(
    base: Path, corpus: Sequence[Response], recipe: Recipe, seed: int
) -> LanguageModel:
    """A student that begins with a base and learns a corpus; the order follows from the seed.

    An attacker who threw every answer away has the base.
    """
    if not corpus:
        return LanguageModel.load(base)
    torch, training = torch_parts()
    metadata, arrays = load_weights(base)
    model = training.TorchModel(metadata.config)
    model.load_arrays(dict(arrays))
    tokenizer, length = Tokenizer(), metadata.config.context
    rows = [
        [side[-length:] for side in training.targets_of(tokenizer, one.sample.messages, one.text)]
        for one in corpus
    ]
    steps = recipe.epochs * -(-len(rows) // recipe.batch)
    step = training.descent(model, recipe.rate, steps)
    rng = Random(seed)
    for _ in range(recipe.epochs):
        for batch in _batches(rows, recipe.batch, rng):
            taken = [rows[i] for i in batch]
            longest = max(len(tokens) for tokens, _ in taken)
            ids = [tokens + [0] * (longest - len(tokens)) for tokens, _ in taken]
            targets = [side + [training.UNSCORED] * (longest - len(side)) for _, side in taken]
            loss = torch.nn.functional.cross_entropy(
                model(torch.tensor(ids)).flatten(0, 1), torch.tensor(targets).flatten()
            )
            step(loss)
    network = Network(metadata.config, model.arrays())
    return LanguageModel(network, tokenizer, metadata)


def _batches(rows: Sequence[Any], size: int, rng: Random) -> list[list[int]]:
    """Numbers of rows in batches of like lengths, which need little padding, in random order."""
    order = rng.sample(range(len(rows)), len(rows))
    stretch = 16 * size
    for start in range(0, len(order), stretch):
        part = order[start : start + stretch]
        order[start : start + stretch] = sorted(part, key=lambda row: len(rows[row][0]))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return rng.sample(batches, len(batches))


def accuracy(model: LanguageModel, samples: Sequence[Sample]) -> float:
    """The share of questions that a model solves greedily."""
    return float(np.mean([tasks.solved(sample, _greedy(model, sample)) for sample in samples]))


def _greedy(model: LanguageModel, sample: Sample) -> str:
    decoding = model.start(sample.messages)
    tokens: list[int] = []
    while len(tokens) < _ANSWER_MAX:
        token = int(decoding.logits().argmax())
        if token == model.end:
            break
        tokens.append(token)
        decoding.push(token)
    return model.tokenizer.decode(tokens)
