"""How often provenance claims what it must not, and what it recognises: `make bench-provenance`.

Clean corpora, and students that learnt from clean answers, are each tried with keys that they owe
nothing to. Keys are drawn anew for every trial, so trials are independent, whatever the corpora
have in common. Own answers are looked for with their own key. Base, students and corpora follow
from seeds; students are kept in a folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from drs_reference.binomial import upper_limit
from drs_reference.efficacy.corpus import Response
from drs_reference.efficacy.options import default_cache
from drs_reference.efficacy.student import Recipe, Weights, train_student
from drs_reference.gateway.sampling import Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.model.language import Sample, draw_sample
from drs_reference.model.weights import save_weights
from drs_reference.perturbation.best_of_n import BestOfN
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelWatermark
from drs_reference.perturbation.tournament import TournamentWatermark
from drs_reference.provenance.command import answers_of
from drs_reference.provenance.marks import Finding, Keyed, in_corpus, in_probabilities, said

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "measurements" / "provenance.json"
MARKS: Mapping[str, Callable[[bytes], Keyed]] = {
    kind.kind.mechanism: kind
    for kind in (GreenListWatermark, GumbelWatermark, TournamentWatermark, BestOfN)
}
"""Every mechanism that leaves a mark, with the parameters it has by default."""
ACCOUNT = "harvester"
CLEAN = ("unperturbed", "other keys", "no model", "copies")
RATES = (0.5, 0.1, 0.01, 1e-3, 1e-6)
RECIPE = Recipe(width=48, hidden=128, base_iterations=250, rows=16)
Answers = Sequence[Response]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    ``sizes`` are those of own corpora, each a part of one of ``pools`` of the greatest; ``clean``
    those of clean ones, ``each`` of every kind and size, tried with ``keys``.
    """

    sizes: tuple[int, ...] = (100, 300, 1000)
    pools: int = 4
    clean: tuple[int, ...] = (10, 30, 100)
    each: int = 9
    keys: int = 100
    students: int = 20
    learnt: int = 300
    marked_students: int = 2


QUICK = Size((20, 60), 1, (10,), 2, 20, 0, 20, 0)


def key(name: str) -> bytes:
    """Return a key, drawn by its name."""
    return hashlib.sha256(f"provenance benchmark {name}".encode()).digest()


def prompts(seed: str, count: int) -> list[Sample]:
    """Return questions for free text."""
    rng = Random(f"provenance benchmark {seed}")
    return [draw_sample(rng, ("story", "explanation")[number % 2]) for number in range(count)]


def answers(mechanism: str | None, pool: int, count: int) -> Answers:
    """Return what the embedded model says, under the key of a pool or unperturbed."""
    model = LanguageModel.load()
    mark = MARKS[mechanism](key(f"pool {pool}")) if mechanism else None
    asked = prompts(f"pool {pool}", count)
    return [
        Response(sample, _said(model, mark, sample, number)) for number, sample in enumerate(asked)
    ]


def _said(model: LanguageModel, mark: Keyed | None, sample: Sample, seed: int) -> str:
    if mark is None:
        return said(model, sample.messages, seed)
    if isinstance(mark, BestOfN):
        seeds = range(mark.parameters.candidates * seed, mark.parameters.candidates * (seed + 1))
        return mark.chosen(
            [said(model, sample.messages, one) for one in seeds], mark.scoped_key(ACCOUNT)
        )
    sampling = Sampling(max_tokens=64, seed=seed)
    applied = mark.answering(sample.messages, sampling, ACCOUNT)
    generation = Generation(
        model, sample.messages, applied.sampling, perturb=applied.step, draw=applied.draw
    )
    return "".join(emission.text for emission in generation.emissions())


def clean_corpus(kind: str, number: int, size: int, clean: Answers, marked: Answers) -> Answers:
    """Return a corpus that owes nothing to a key drawn after it."""
    rng = Random(f"{kind} {number}")
    if kind == "no model":
        drawn = [draw_sample(rng, rng.choice(("story", "explanation"))) for _ in range(size)]
        if number % 3:
            return [Response(sample, sample.answer) for sample in drawn]
        words = " ".join(sample.answer for sample in drawn).split()
        return [Response(sample, " ".join(rng.sample(words, 30))) for sample in drawn]
    pool = marked if kind == "other keys" else clean
    if kind == "copies":
        return rng.choices(rng.sample(list(pool), 3), k=size)
    return rng.sample(list(pool), min(size, len(pool)))


def tried(found: Finding, name: str, keys: int) -> list[float]:
    """Return the p-values of keys that are drawn for this trial."""
    return [found.p_value(key(f"trial {name} {number}")) for number in range(keys)]


def clean_trials(
    mechanism: str, kind: str, size: Size, clean: Answers, marked: Answers
) -> list[float]:
    """Return the p-values of all clean corpora of a kind."""
    model, mark = LanguageModel.load(), MARKS[mechanism](key("clean"))
    values = []
    for count in size.clean:
        for number in range(size.each):
            corpus = clean_corpus(kind, number, count, clean, marked)
            name = f"{mechanism} {kind} {count} {number}"
            values += tried(in_corpus(model, mark, _samples(corpus)), name, size.keys)
    return values


def own(mechanism: str, pool: int, size: Size, marked: Answers) -> dict[int, list[float]]:
    """Return the p-values, by size, of the parts of a pool for its own key."""
    model, mark = LanguageModel.load(), MARKS[mechanism](key(f"pool {pool}"))
    return {
        count: [
            in_corpus(model, mark, _samples(marked[start : start + count])).p_value(
                mark.scoped_key(ACCOUNT)
            )
            for start in range(0, len(marked) - count + 1, count)
        ]
        for count in size.sizes
    }


def _samples(corpus: Answers) -> list[tuple[Sequence[tuple[str, str]], str]]:
    return [(one.sample.messages, one.text) for one in corpus]


def student(name: str, learnt: Answers, cache: Path) -> LanguageModel:
    """Return a student, from its folder if it was trained before."""
    said_by = hashlib.sha256(repr(_samples(learnt)).encode()).hexdigest()
    path = cache / f"student-{said_by[:16]}-{RECIPE.digest[:16]}.npz"
    if not path.exists():
        base = Weights(cache, RECIPE).base(0)
        made = train_student(base, learnt, RECIPE, int.from_bytes(key(name)[:4], "big"))
        save_weights(path, made.metadata, made.network.arrays)
    return LanguageModel.load(path)


def student_trials(
    name: str, learnt: Answers, cache: Path, keys: int, pools: Mapping[str, int]
) -> dict[str, list[float]]:
    """Return p-values of a student by way of looking at it.

    For ``keys`` fresh keys, or for the key of a pool of each mechanism in ``pools``.
    """
    teacher, looked_at = LanguageModel.load(), student(name, learnt, cache)
    spoken = answers_of(looked_at, len(learnt))
    values = {}
    for mechanism in pools or MARKS:
        mark = MARKS[mechanism](key(f"pool {pools.get(mechanism, 0)}"))
        ways = {"outputs": in_corpus(teacher, mark, spoken)}
        if not isinstance(mark, BestOfN):
            ways["probabilities"] = in_probabilities(teacher, looked_at, mark)
        for way, found in ways.items():
            values[f"{mechanism}, {way}"] = (
                [found.p_value(mark.scoped_key(ACCOUNT))]
                if pools
                else tried(found, f"{name} {mechanism} {way}", keys)
            )
    return values


def distribution(values: Sequence[float]) -> dict[str, Any]:
    """Return how many p-values are at most each rate, and the rate that this excludes at 95%."""
    below = {f"{rate:g}": sum(value <= rate for value in values) for rate in RATES}
    return {
        "trials": len(values),
        "at_most": below,
        "excluded": {
            rate: float(f"{upper_limit(count, len(values), 0.05):.3g}")
            for rate, count in below.items()
        },
    }


def recognised(values: Sequence[float]) -> dict[str, Any]:
    """Return how many of the p-values make a claim at the rates of the levels."""
    return {
        "corpora": len(values),
        "recognised": {f"{rate:g}": sum(v <= rate for v in values) for rate in (1e-3, 1e-6)},
        "median_p": sorted(values)[len(values) // 2],
    }


def measure(size: Size, jobs: int, cache: Path) -> dict[str, Any]:
    """Do all trials."""
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s: {what}", flush=True)

    most = max(size.sizes)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as workers:
        lots = -(-max(size.learnt * size.students, most) // most)
        plain = [workers.submit(answers, None, -1 - lot, most) for lot in range(lots)]
        pools = {
            (name, pool): workers.submit(answers, name, pool, most)
            for name in MARKS
            for pool in range(size.pools)
        }
        based = workers.submit(Weights(cache, RECIPE).base, 0) if size.students else None
        clean = [one for lot in plain for one in lot.result()]
        marked = {one: lot.result() for one, lot in pools.items()}
        say(f"{len(clean)} unperturbed and {len(marked) * most} perturbed answers")
        if based is not None:
            based.result()
        students = [
            workers.submit(
                student_trials,
                f"clean {number}",
                clean[number * size.learnt : (number + 1) * size.learnt],
                cache,
                size.keys,
                {},
            )
            for number in range(size.students)
        ]
        learners = [
            workers.submit(
                student_trials,
                f"marked {name} {pool}",
                marked[name, pool],
                cache,
                0,
                {name: pool},
            )
            for name in MARKS
            for pool in range(size.marked_students)
        ]
        trials = {
            (name, kind): workers.submit(
                clean_trials, name, kind, size, clean[:most], marked[name, 0]
            )
            for name in MARKS
            for kind in CLEAN
        }
        powers = {one: workers.submit(own, *one, size, marked[one]) for one in marked}
        values = {one: task.result() for one, task in trials.items()}
        say("clean corpora")
        power = {one: task.result() for one, task in powers.items()}
        say("own corpora")
        found = {
            "clean": {
                name: {
                    "corpora": len(CLEAN) * len(size.clean) * size.each,
                    **distribution([v for kind in CLEAN for v in values[name, kind]]),
                    "kinds": {kind: distribution(values[name, kind]) for kind in CLEAN},
                }
                for name in MARKS
            },
            "own": {
                name: {
                    str(count): recognised(
                        [v for pool in range(size.pools) for v in power[name, pool][count]]
                    )
                    for count in size.sizes
                }
                for name in MARKS
            },
            "clean_students": {
                way: {"students": size.students, **distribution(values)}
                for way, values in _joined(task.result() for task in students).items()
            },
            "marked_students": {
                way: recognised(values)
                for way, values in _joined(task.result() for task in learners).items()
            },
        }
        say(f"{size.students} clean students and {len(learners)} that learnt marked answers")
    return {**found, "seconds": round(time.monotonic() - began)}


def _joined(found: Iterable[dict[str, list[float]]]) -> dict[str, list[float]]:
    joined: dict[str, list[float]] = {}
    for one in found:
        for way, values in one.items():
            joined.setdefault(way, []).extend(values)
    return joined


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Write the table; 1 if wrong claims come more often than they may."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a little of it, without students")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--cache", type=Path, default=default_cache())
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    table = {
        "command": "make bench-provenance",
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **measure(QUICK if options.quick else Size(), options.jobs, options.cache),
    }
    options.table.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    bad = 0
    for name, row in (*table["clean"].items(), *table["clean_students"].items()):
        claims = row["at_most"]["0.001"]
        # Five standard deviations of a fair count.
        bad += claims > 1e-3 * row["trials"] + 5 * math.sqrt(1e-3 * row["trials"]) + 1
        print(f"{name}: {claims} wrong claims at 0.001 in {row['trials']} clean trials")
    for name, sizes in table["own"].items():
        for count, row in sizes.items():
            print(f"{name}: {row['recognised']['0.001']} of {row['corpora']} of {count} answers")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
