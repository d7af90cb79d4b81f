"""Gradient targeting: where a step can be written in several true ways, the least helpful one.

A proxy student stands in for the attacker's. Its gradient on held-out questions says in which
direction a student gets better. Of the forms of a trace that say the same, the one is shown from
which a step of training goes least in that direction: the smallest inner product of the two
gradients, taken as a difference of log-likelihoods on either side of the proxy, after
antidistillation sampling (Savani et al. 2025), which tilts tokens and so says what is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from drs_reference.efficacy.corpus import Response
from drs_reference.efficacy.student import Recipe, torch_parts, train_student
from drs_reference.model import LanguageModel, log_softmax
from drs_reference.model.language import Sample
from drs_reference.model.network import Network

from searched.candidate import Candidate
from searched.forms import commuted, free_choices

__all__ = ["GradientTargeted", "either_side"]

_FORMS = 8
"""Most forms of one trace that are weighed: all of them, with three places at most."""
_STEP = 0.02
"""Length of the step to either side, as a share of the length of the weights."""


class GradientTargeted(Candidate):
    """The mechanism, with the proxy a step further and a step back on its way to better answers."""

    name = "gradient targeted"
    idea = "of the true forms of a trace, the one that helps a proxy student least"

    def __init__(self, better: LanguageModel, worse: LanguageModel) -> None:
        self._better = better
        self._worse = worse
        self._chosen: dict[tuple[object, str], str] = {}

    def shown(self, sample: Sample, text: str, cluster: str) -> str:
        """Return the least helpful form; of equals the first, which is the teacher's own."""
        asked = sample.messages, text
        if asked not in self._chosen:
            self._chosen[asked] = self._least_helpful(sample, text)
        return self._chosen[asked]

    def _least_helpful(self, sample: Sample, text: str) -> str:
        places = free_choices(sample, text)
        chosen = [some for size in range(len(places) + 1) for some in combinations(places, size)]
        forms = [commuted(text, some) for some in chosen[:_FORMS]]
        return forms[0] if len(forms) == 1 else min(forms, key=lambda one: self._help(sample, one))

    def _help(self, sample: Sample, text: str) -> float:
        """Return how far learning a text takes the proxy towards better answers, up to a factor."""
        return _likelihood(self._better, sample, text) - _likelihood(self._worse, sample, text)


def _likelihood(model: LanguageModel, sample: Sample, text: str) -> float:
    tokens, logits = model.follow(sample.messages, text)
    return float(log_softmax(logits)[np.arange(len(tokens)), tokens].sum())


def either_side(
    base: Path, learnt: Sequence[Response], held_out: Sequence[Sample], recipe: Recipe, seed: int
) -> tuple[LanguageModel, LanguageModel]:
    """Train a proxy; return it a step better at held-out questions, and a step worse."""
    torch, training = torch_parts()
    proxy = train_student(base, learnt, recipe, seed)
    model = training.TorchModel(proxy.metadata.config)
    model.load_arrays(dict(proxy.network.arrays))
    for sample in held_out:
        tokens, targets = training.targets_of(proxy.tokenizer, sample.messages, sample.answer)
        length = proxy.context
        loss = torch.nn.functional.cross_entropy(
            model(torch.tensor([tokens[-length:]]))[0], torch.tensor(targets[-length:])
        )
        (loss / len(held_out)).backward()
    named = {name.replace("blocks.", "layer"): one for name, one in model.named_parameters()}
    weights = {name: one.detach().numpy().astype(np.float32) for name, one in named.items()}
    uphill = {name: one.grad.numpy() for name, one in named.items()}
    scale = _STEP * _length(weights) / (_length(uphill) or 1.0)

    def moved(sign: int) -> LanguageModel:
        arrays = {name: one - sign * scale * uphill[name] for name, one in weights.items()}
        return LanguageModel(
            Network(proxy.metadata.config, arrays), proxy.tokenizer, proxy.metadata
        )

    return moved(1), moved(-1)


def _length(arrays: dict[str, np.ndarray]) -> float:
    return float(np.sqrt(sum(float((one**2).sum()) for one in arrays.values())))
