"""Budgets of the covert mechanisms on free text, where they act.

Two expectations are told apart. With *one key* the law is that of whoever holds it; *over keys* it
is the mean over keys, that of somebody without it. Figures that are called exact are expectations,
over responses, of sums that the model knows at every position; beside them stands the mean
log-ratio of other responses, which the sampler of the endpoint made. Over keys no ratio of a single
response is known; what is sampled there is how much more surprising responses, each made with a key
of its own, are than those of the declared law.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

import numpy as np
from drs_reference.efficacy.corpus import Response
from drs_reference.efficacy.observers import GROUPS, auc_of_groups, keyless
from drs_reference.gateway.sampling import Floats, Sampling
from drs_reference.model import LanguageModel
from drs_reference.model.language import FREE_TEXT_TASKS, Sample, draw_sample
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.best_of_n import BestOfN, score
from drs_reference.perturbation.budget import (
    Estimate,
    advantage,
    auc,
    over_keys,
    replayed,
    response,
)
from drs_reference.perturbation.declared import DECLARED

from perturbed.mechanisms import COVERT, DURING, KEY, answer, key_of
from perturbed.remembered import Remembered

__all__ = ["Seen", "averages", "during", "misses", "row", "whole"]

DEVIATIONS = 3
SAMPLING = Sampling(max_tokens=96)
BUCKETED = "bucketed-sampling"
_KEYS = 64


@dataclass
class Seen:
    """What responses of a mechanism show, a number for each.

    ``clean`` are log-ratios of clean responses. ``texts`` are those of clean responses, of those
    with one key, and of those with a key of its own for each.
    """

    exact: list[float] = field(default_factory=list)
    sampled: list[float] = field(default_factory=list)
    clean: list[float] = field(default_factory=list)
    surprise: list[float] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: Seen) -> None:
        """Append what was seen elsewhere."""
        for name in ("exact", "sampled", "clean", "surprise"):
            getattr(self, name).extend(getattr(other, name))
        for name, texts in other.texts.items():
            self.texts[name].extend(texts)


def prompt(number: int) -> Sample:
    """A question that is answered with free text."""
    random = Random(f"budget {number}")
    return draw_sample(random, random.choice(FREE_TEXT_TASKS))


def during(numbers: Sequence[int]) -> dict[str, Seen]:
    """Ask each prompt of every mechanism that acts while an answer is made."""
    model, found = Remembered(LanguageModel.load()), defaultdict[str, Seen](Seen)
    one_key = {name: kind(KEY) for name, kind in DURING.items()}
    for number in numbers:
        messages = prompt(number).messages
        seeded = [replace(SAMPLING, seed=4 * number + kind) for kind in range(3)]
        clean = answer(model, messages, Applied(seeded[0]))
        for name, mechanism in one_key.items():
            seen = found[name]
            applied = mechanism.answering(messages, seeded[1], "a")
            marked = answer(model, messages, applied)
            fresh = DURING[name](key_of(number + 1)).answering(messages, seeded[2], "a")
            other = answer(model, messages, fresh)
            from_key = replayed(model, messages, applied, marked.tokens)
            from_none = replayed(model, messages, applied, clean.tokens)
            seen.surprise.append(replayed(model, messages, fresh, other.tokens).surprise)
            if name == BUCKETED:
                # The key alone decides the whole answer: its probability given the key is one.
                seen.exact.append(from_none.entropy)
                seen.sampled.append(from_key.surprisal)
                seen.clean.append(0.0 if clean.tokens == marked.tokens else -np.inf)
            else:
                random = np.random.default_rng([number, 1])
                seen.exact.append(response(model, messages, applied, random, keyed=True)[1])
                seen.sampled.append(from_key.ratio)
                seen.clean.append(from_none.ratio)
            texts = {"clean": clean, "one key": marked, "over keys": other}
            for kind, made in texts.items():
                seen.texts[kind].append(made.text)
    return dict(found)


def averages(name: str, numbers: Sequence[int]) -> list[float]:
    """The divergence of the mean law over keys, for each prompt."""
    model = Remembered(LanguageModel.load())
    every = [DURING[name](key_of(number)) for number in range(_KEYS)]
    return [
        over_keys(
            model, every, prompt(number).messages, SAMPLING, np.random.default_rng([number, 2])
        )
        for number in numbers
    ]


def whole(number: int, size: int) -> tuple[Seen, list[float]]:
    """Choose among completions of one prompt; also the divergence over keys.

    ``size`` completions stand for their law; among as many others it is chosen, by pairs.
    """
    model, mechanism = LanguageModel.load(), BestOfN(KEY)
    messages = prompt(number).messages
    made = [
        answer(model, messages, Applied(replace(SAMPLING, seed=2 * size * number + i)))
        for i in range(2 * size)
    ]
    pool, rest = [one.text for one in made[:size]], made[size:]
    law = {text: pool.count(text) / size for text in pool}
    key = mechanism.scoped_key("a")
    seen = Seen(exact=[sum(p * q * np.log(q) for p, q in _chosen(law, key).values())])
    held = {text: score(key, text) for text in pool}
    for i in range(0, size, 2):
        texts = [one.text for one in rest[i : i + 2]]
        chosen = mechanism.chosen(texts, key)
        seen.sampled.append(_ratio(held, pool, chosen, key))
        seen.clean.append(_ratio(held, pool, texts[0], key))
        fresh = mechanism.chosen(texts, BestOfN(key_of(size * number + i)).scoped_key("a"))
        tokens = rest[i + texts.index(fresh)].tokens
        seen.surprise.append(replayed(model, messages, Applied(SAMPLING), tokens).surprise)
        for kind, text in (("clean", pool[i]), ("one key", chosen), ("over keys", fresh)):
            seen.texts[kind].append(text)
    ratios = [
        [q for _, q in _chosen(law, BestOfN(key_of(n)).scoped_key("a")).values()]
        for n in range(_KEYS)
    ]
    first, second = (np.mean(ratios[half::2], axis=0) - 1 for half in (0, 1))
    return seen, [float((np.array(list(law.values())) * first * second).sum())]


def _chosen(law: Mapping[str, float], key: bytes) -> dict[str, tuple[float, float]]:
    """Of each completion its probability, and how many times as probable the choice makes it."""
    below, found = 0.0, {}
    for text in sorted(law, key=lambda text: score(key, text)):
        found[text] = law[text], law[text] + 2 * below
        below += law[text]
    return {text: found[text] for text in law}


def _ratio(held: Mapping[str, float], pool: Sequence[str], text: str, key: bytes) -> float:
    """The log-ratio of a completion that may not be in the pool."""
    at, same = score(key, text), pool.count(text)
    below = sum(held[one] < at for one in pool if one != text)
    return float(np.log((2 * below + max(same, 1)) / (len(pool) + (same == 0))))


def row(name: str, seen: Seen, mean_laws: Sequence[float]) -> dict[str, Any]:
    """What is declared of a mechanism and what was found."""
    random = np.random.default_rng(0)
    ratios, clean = np.array(seen.sampled), np.array(seen.clean)
    corpora = {
        kind: [Response(prompt(0), text) for text in texts] for kind, texts in seen.texts.items()
    }
    blind = {kind: keyless(corpora["clean"], corpora[kind]) for kind in ("one key", "over keys")}
    return {
        "mechanism": name,
        "parameters": asdict(COVERT[name](KEY).parameters),
        "declared": asdict(DECLARED[name]),
        "responses": len(ratios),
        "one key": {
            "exact": asdict(_estimate(seen.exact)),
            "sampled": asdict(_estimate(seen.sampled)),
        },
        "over keys": {
            "exact": asdict(_estimate(mean_laws)),
            "sampled": asdict(_estimate(seen.surprise)),
        },
        "key-holder": {
            "advantage": _advantage(ratios, clean),
            "auc": {n: auc(ratios, clean, n, random) for n in GROUPS},
        },
        **{
            f"keyless, {kind}": {
                "advantage": _advantage(there, absent),
                "auc": {n: auc_of_groups(absent, there, n) for n in GROUPS},
            }
            for kind, (absent, there) in blind.items()
        },
    }


def _estimate(values: Sequence[float]) -> Estimate:
    return Estimate.of(np.array(values))


def _advantage(there: Floats, absent: Floats) -> dict[str, float]:
    shares = [float((scores > 0).mean()) for scores in (there, absent)]
    variance = sum(p * (1 - p) / len(s) for p, s in zip(shares, (there, absent), strict=True))
    return {"mean": advantage(there, absent), "error": float(np.sqrt(variance))}


def misses(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what exceeds what is declared, or does not agree, by more than ``DEVIATIONS``."""
    for one in rows:
        declared, name = one["declared"], one["mechanism"]
        holder = ["key-holder"] if "key-holder" in declared["panel"] else []
        views = ("one key", "over keys") if holder else ("over keys",)
        most = declared["divergence_nats_per_response"]
        for view, kind in ((view, kind) for view in views for kind in ("exact", "sampled")):
            if _exceeds(one[view][kind], most):
                yield f"{name}: {kind} {one[view][kind]['mean']:.4f} nats ({view}), at most {most}"
        for view in ("one key", "over keys"):
            exact, sampled = (Estimate(**one[view][kind]) for kind in ("exact", "sampled"))
            if not exact.agrees(sampled, DEVIATIONS):
                yield f"{name}, {view}: exact {exact} and sampled {sampled} do not agree"
        most = declared["single_response_advantage"]
        for observer in (*holder, "keyless, one key", "keyless, over keys"):
            if _exceeds(one[observer]["advantage"], most):
                got = one[observer]["advantage"]["mean"]
                yield f"{name}: advantage {got:.3f} of {observer}, at most {most}"


def _exceeds(found: Mapping[str, float], most: float) -> bool:
    return found["mean"] - DEVIATIONS * found["error"] > most + 1e-9
