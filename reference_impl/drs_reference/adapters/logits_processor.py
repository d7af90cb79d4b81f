"""Perturbation inside of ``model.generate`` of Hugging Face transformers.

``generate`` calls its own temperature, top-k and nucleus after the processors that it is given. So
a mechanism that tilts gets the logits of the model, and ``generate`` draws. Where a mechanism
brings its own draw or seed, the token is drawn here, under the temperature and nucleus of its
``Sampling``, and is the only one that is left. Bias and penalties of ``Sampling`` hold for both;
length and stop sequences are those of ``generate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from drs_reference.adapters.extra import module_of_extra
from drs_reference.gateway.sampling import Floats, Logits, adjusted, choose, drawn, generator
from drs_reference.perturbation.base import Applied

if TYPE_CHECKING:
    from transformers import LogitsProcessor
else:
    LogitsProcessor = module_of_extra("transformers").LogitsProcessor

__all__ = ["PerturbedLogits"]


class PerturbedLogits(LogitsProcessor):
    """Does to the answers of a batch what was decided for the request of each.

    ``applied`` holds what ``answering`` of a mechanism returned for each prompt, None where the
    answer is left alone; with ``num_return_sequences`` each prompt has several rows. ``end`` is the
    token that ends an answer, ``prompt_tokens`` the length of the padded prompts. Serves any
    number of batches of this shape, one after another; each begins at the seed again. Not for
    beams or drafts of an assistant, which go back on tokens that were drawn.
    """

    supports_continuous_batching = False

    def __init__(self, applied: Sequence[Applied | None], end: int, prompt_tokens: int) -> None:
        if any(one is not None and one.kind is not None for one in applied):
            raise ValueError("expected covert mechanisms; one of applied leaves out steps")
        self._applied = applied
        self._end = end
        self._prompt_tokens = prompt_tokens
        self._rows: list[tuple[Applied | None, np.random.Generator]] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Logits (batch, vocabulary) after the tokens (batch, length), perturbed."""
        if input_ids.shape[1] == self._prompt_tokens:
            self._begin(len(input_ids))
        if input_ids.shape[1] < self._prompt_tokens or len(input_ids) != len(self._rows):
            raise ValueError(
                f"expected a batch that begins with {self._prompt_tokens} tokens, the length of "
                f"the padded prompts, got tokens of shape {tuple(input_ids.shape)}"
            )
        found = scores.clone()
        answers = input_ids[:, self._prompt_tokens :].tolist()
        for number, ((applied, random), said) in enumerate(zip(self._rows, answers, strict=True)):
            if applied is not None and self._end not in said:
                logits = scores[number].float().cpu().numpy()
                found[number] = scores.new_tensor(self._perturbed(logits, said, applied, random))
        return found

    def _begin(self, rows: int) -> None:
        each, rest = divmod(rows, len(self._applied))
        if rest:
            raise ValueError(f"expected a multiple of {len(self._applied)} sequences, got {rows}")
        self._rows = [
            (one, generator(None, 0) if one is None else _random(one, number))
            for one in self._applied
            for number in range(each)
        ]

    def _perturbed(
        self, logits: Logits, said: Sequence[int], applied: Applied, random: np.random.Generator
    ) -> Floats:
        before = [self._end, *said]
        counts = np.bincount(said, minlength=len(logits)).astype(np.float64)
        scores = adjusted(applied.step(logits, before), applied.sampling, counts)
        if applied.draw is drawn and applied.sampling.seed is None:
            return scores
        token = choose(scores, applied.sampling, random, applied.draw, before)
        alone = np.full_like(scores, -np.inf)
        alone[token] = 0
        return alone


def _random(applied: Applied, number: int) -> np.random.Generator:
    sampling = applied.sampling
    return generator(sampling.seed, 0 if sampling.alike else number)
