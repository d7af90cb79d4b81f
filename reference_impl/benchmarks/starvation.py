"""The search for what nobody has: `make bench-starvation`.

Looked for is a mechanism that is truthful, that a keyless observer of one answer hardly sees (AUC
at most .6), and that costs the strongest adaptive student half of what it gains, or four times the
harvest. Each candidate in `searched/` is put to the same attackers, students and observers, and
what it does not meet is said. That none meets all three is a result.

The teacher's answers are drawn once for each prompt and seed; a candidate says which draw a cluster
gets and what is shown of it. No HTTP is in between. Some 30 CPU-minutes; `--quick` sees that it
works.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from drs_reference.efficacy import corpus
from drs_reference.efficacy.attacks import PASSIVE
from drs_reference.efficacy.options import default_cache
from drs_reference.efficacy.student import MissingTorchError, Recipe, Weights, accuracy, torch_parts
from drs_reference.model import LanguageModel
from drs_reference.model.language import Sample
from searched import measures
from searched.attackers import ATTACKERS, Ask
from searched.candidate import Candidate, Unperturbed
from searched.correlated import CorrelatedSampling
from searched.curriculum import CurriculumStarvation
from searched.gradient import GradientTargeted, either_side
from searched.style import StyleSubspaces

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "docs" / "measurements" / "starvation.json"
Texts = dict[tuple[int, int], str]
"""What the teacher says, by number of the prompt and seed of the draw."""


@dataclass(frozen=True, slots=True)
class Size:
    """Answers of a harvest, seeds, held-out questions, and what the proxy student learns."""

    samples: int = 3200
    seeds: int = 1
    questions: int = 300
    proxy: int = 600
    held_out: int = 200


QUICK = Size(24, 1, 4, 8, 4)
TINY = Recipe(width=32, layers=1, hidden=32, base_iterations=2, rows=2, epochs=1)


def key(seed: int) -> bytes:
    """Return the key of all mechanisms under a seed, 32 bytes."""
    return sha256(f"starvation {seed}".encode()).digest()


def candidates(seed: int, proxy: GradientTargeted) -> list[Candidate]:
    """Return all that are tried, and a control; parameters come in pairs, light and heavy."""
    return [
        Unperturbed(),
        CurriculumStarvation(key(seed), 30),
        CurriculumStarvation(key(seed), 6),
        StyleSubspaces(key(seed), 0.75),
        StyleSubspaces(key(seed), 0.5),
        CorrelatedSampling(key(seed)),
        proxy,
    ]


def drawn(asked: Sequence[tuple[int, int, Sample]]) -> Texts:
    """Return what the teacher says to (number of a prompt, seed of the draw, prompt)."""
    model = LanguageModel.load()
    return {(n, seed): measures.teacher_says(model, sample, seed) for n, seed, sample in asked}


class Search:
    """One seed of the search: its prompts, its base, and the teacher's answers to every request."""

    def __init__(
        self, pool: ProcessPoolExecutor, weights: Weights, size: Size, seed: int, jobs: int
    ) -> None:
        self.pool = pool
        self.weights = weights
        self.size = size
        self.seed = seed
        self.jobs = jobs
        self.base = weights.base(seed)
        # Clean answers that observers learn from are to prompts that nobody harvests.
        self.prompts = corpus.prompts(seed, 3 * size.samples)
        self.texts: Texts = {}
        self._students: dict[str, Any] = {}

    def shown(self, candidate: Candidate, asks: Sequence[Ask]) -> list[measures.Shown]:
        """Return what a candidate shows, once the teacher has said what it lacks."""
        wanted = {}
        for ask in asks:
            sample = self.prompts[ask.number]
            draw = candidate.draw(sample, ask.cluster, ask.account, ask.visit)
            if (ask.number, draw) not in self.texts:
                wanted[ask.number, draw] = sample
        missing = [(number, draw, sample) for (number, draw), sample in wanted.items()]
        parts = [missing[part :: 8 * self.jobs] for part in range(8 * self.jobs)]
        for texts in self.pool.map(drawn, filter(None, parts)):
            self.texts |= texts
        return measures.shown(candidate, asks, self.prompts, self.texts)

    def student(self, learnt: corpus.Corpus) -> Any:
        """Return the future score of a student; equal corpora have one."""
        name = measures.digest(learnt)
        if name not in self._students:
            self._students[name] = self.pool.submit(
                measures.score,
                self.base,
                list(learnt),
                self.weights.recipe,
                self.seed,
                self.size.questions,
            )
        return self._students[name]

    def gradient_targeted(self) -> GradientTargeted:
        """Return that candidate, with a proxy of another base and other prompts."""
        size, other = self.size, self.seed + 1
        asks = [Ask(number) for number in range(2 * size.samples, 2 * size.samples + size.proxy)]
        learnt = [one.response for one in self.shown(Unperturbed(), asks)]
        held_out = corpus.test_questions(other + 100, size.held_out)
        made = self.pool.submit(
            either_side, self.weights.base(other), learnt, held_out, self.weights.recipe, other
        )
        return GradientTargeted(*made.result())

    def floor(self) -> float:
        """Return what a student scores that saw no answer."""
        base = LanguageModel.load(self.base)
        return accuracy(base, corpus.test_questions(self.seed, self.size.questions))

    def undefended(self) -> dict[int, Any]:
        """Return the future scores of students without a mechanism, by harvest."""
        size = self.size.samples
        asks = ATTACKERS[PASSIVE].asks(size)
        clean = [one.response for one in self.shown(Unperturbed(), asks)]
        return {size // part: self.student(clean[: size // part]) for part in (8, 4, 2, 1)}

    def attacked(self, candidate: Candidate) -> tuple[dict[str, Any], int]:
        """Return the future scores of every attacker, and how many answers have a wrong fact."""
        scores, wrong = {}, set[Ask]()
        for name, attacker in ATTACKERS.items():
            seen = self.shown(candidate, attacker.asks(self.size.samples))
            wrong |= {one.ask for one in seen if one.falsified}
            scores[name] = self.student(attacker.treat([one.response for one in seen]))
        return scores, len(wrong)

    def observed(self, candidate: Candidate) -> dict[str, float]:
        """Return how well one answer is told from a clean one to another prompt."""
        size = self.size.samples
        perturbed = self.shown(candidate, ATTACKERS[PASSIVE].asks(size))
        clean = self.shown(Unperturbed(), [Ask(number) for number in range(size, 2 * size)])
        return measures.auc(*([one.response for one in side] for side in (clean, perturbed)))


def measure(
    size: Size, recipe: Recipe, jobs: int, cache: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return the table: a row for each candidate, over all seeds."""
    began, weights = time.monotonic(), Weights(cache, recipe)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        list(pool.map(weights.base, range(size.seeds + 1)))
        searches = [Search(pool, weights, size, seed, jobs) for seed in range(size.seeds)]
        say(f"{time.monotonic() - began:.0f} s: bases")
        tried = [candidates(one.seed, one.gradient_targeted()) for one in searches]
        curves = [one.undefended() for one in searches]
        floors = [one.floor() for one in searches]
        rows = []
        for seeds in zip(*tried, strict=True):
            pairs = list(zip(searches, seeds, strict=True))
            attacked = [search.attacked(candidate) for search, candidate in pairs]
            told = [search.observed(candidate) for search, candidate in pairs]
            rows.append((seeds[0], attacked, told))
            say(f"{time.monotonic() - began:.0f} s: {seeds[0].name}, answers and observers")
        undefended = {
            samples: [curve[samples].result() for curve in curves] for samples in curves[0]
        }
        floor = sum(floors) / len(floors)
        table = []
        for candidate, attacked, told in rows:
            scores = {
                name: [futures[name].result() for futures, _ in attacked] for name in ATTACKERS
            }
            mean = {name: sum(one[name] for one in told) / len(told) for name in told[0]}
            found = measures.verdict(
                scores,
                undefended,
                floor,
                {name: round(value, 3) for name, value in mean.items()},
                sum(wrong for _, wrong in attacked),
                size.samples,
                size.questions,
            )
            table.append({"candidate": candidate.name, "idea": candidate.idea, **found})
            say(f"{time.monotonic() - began:.0f} s: {candidate.name}, students")
    return {
        "size": asdict(size),
        "recipe": recipe.digest,
        "goals": {
            "wrong_facts": 0,
            "auc_at_most": measures.AUC_MAX,
            "gain_lost_at_least": measures.LOST_MIN,
            "or_multiplier_at_least": measures.MULTIPLIER_MIN,
        },
        "floor": floors,
        "undefended": undefended,
        "candidates": table,
        "seconds": round(time.monotonic() - began),
    }


_HEADS = ("candidate", "wrong facts", "AUC of one", "passive", "strongest attacker", "gain lost")


def printed(table: Mapping[str, Any]) -> Iterable[str]:
    """Yield the table as lines of Markdown."""
    heads = [*_HEADS, "multiplier", "gain lost at twice the harvest", "meets"]
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in table["candidates"]:
        factor, lost = row["multiplier"], row["gain_lost"]
        bound = ">= " if factor["beyond_measured"] else ""
        met = [name for name, holds in row["met"].items() if holds]
        cells = (
            row["candidate"],
            str(row["wrong_facts"]),
            f"{row['auc_greatest']}",
            f"{row['passive']:.3f}",
            f"{row['strongest']} {row['strongest_score']:.3f}",
            _share(lost[row["strongest"]]),
            f"{bound}{factor['estimate']} ({factor['low']} to {factor['high']})",
            _share(lost["twice the harvest"]),
            ", ".join(met) or "nothing",
        )
        yield f"| {' | '.join(cells)} |"
    curve = ", ".join(
        f"{size}: {sum(of) / len(of):.3f}" for size, of in table["undefended"].items()
    )
    yield f"Floor {table['floor']}; without a mechanism, by harvested answers: {curve}."
    found = [row["candidate"] for row in table["candidates"] if row["found"]]
    yield f"Meets all three: {', '.join(found) or 'none of them'}."


def _share(value: float | None) -> str:
    return "no gain to lose" if value is None else f"{value:.0%}"


def main() -> int:
    """Print the table, write it with --record; 0 whatever is found, 2 without torch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the table")
    parser.add_argument("--out", type=Path, default=RESULT, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="a little of it")
    parser.add_argument("--samples", type=int, default=3200, help="(%(default)s)")
    parser.add_argument("--seeds", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="(%(default)s)")
    parser.add_argument("--cache", type=Path, default=default_cache())
    options = parser.parse_args()
    try:
        torch_parts()
    except MissingTorchError as error:
        print(error, file=sys.stderr)
        return 2
    size, recipe = (
        (QUICK, TINY) if options.quick else (Size(options.samples, options.seeds), Recipe())
    )
    table = {
        "command": "make bench-starvation" + ": --quick" * options.quick,
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **measure(size, recipe, options.jobs, options.cache, partial(print, flush=True)),
    }
    print("\n".join(printed(table)))
    if options.record:
        options.out.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    return 0


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
