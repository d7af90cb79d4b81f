"""The lab: cells of condition, attack, samples, share and seed, each measured once and kept."""

from __future__ import annotations

import multiprocessing
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drs_reference.efficacy import corpus, observers, radioactivity
from drs_reference.efficacy.attacks import ATTACKS, PASSIVE
from drs_reference.efficacy.conditions import CONDITIONS, NONE, Condition, key_of, suspected
from drs_reference.efficacy.corpus import Corpus
from drs_reference.efficacy.harvest import Plan, harvest
from drs_reference.efficacy.results import Results
from drs_reference.efficacy.student import Recipe, Weights, accuracy, train_student
from drs_reference.efficacy.tasks import TRACED, is_true, solved
from drs_reference.model import LanguageModel
from drs_reference.model.weights import save_weights

__all__ = ["SHARES", "Cell", "Lab", "cells", "run"]

SHARES = (0.25, 0.1, 0.05)
"""Shares of perturbed answers in diluted corpora."""
_OBSERVED = 600
"""Most answers of a kind and a family that observers look at."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One student: what it learns, from how many answers, with which share of perturbed ones."""

    condition: str
    attack: str
    samples: int
    seed: int
    share: float = 1.0

    @property
    def name(self) -> str:
        """The name under which the result is kept."""
        share = f" at {self.share:.0%}" if self.share < 1 else ""
        return f"{self.condition}: {self.attack}, {self.samples}{share}, seed {self.seed}"


def cells(conditions: Iterable[str], seeds: int, samples: int, full: bool) -> list[Cell]:
    """The students to train.

    Always every condition as it comes, and the undefended curve, over all seeds; then the attack
    that is held to be the strongest at one seed or, in full, every attack at all seeds, twice the
    samples for what is withheld, and diluted corpora for what is keyed.
    """
    found = []
    for seed in range(seeds):
        found += [Cell(NONE, PASSIVE, size, seed) for size in (samples // 4, samples // 2, samples)]
        for name in conditions:
            condition = CONDITIONS[name]
            found.append(Cell(name, PASSIVE, samples, seed))
            attacks = condition.attacks if full else condition.attacks[:1] if seed == 0 else ()
            found += [Cell(name, attack, samples, seed) for attack in attacks]
            if full and condition.mechanism and not condition.marked:
                found.append(Cell(name, PASSIVE, 2 * samples, seed))
            if full and condition.marked:
                found += [Cell(name, PASSIVE, samples, seed, share) for share in SHARES]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Lab:
    """Where things lie and how much is asked.

    With ``own_teachers`` each seed has a teacher of its own, else all have the shipped one. Other
    conditions are held against the ``baseline``.
    """

    out: Path
    weights: Weights
    samples: int
    questions: int
    own_teachers: bool
    baseline: str | None = NONE

    def condition(self, name: str) -> Condition:
        """A condition by its name."""
        return CONDITIONS[name]

    def teacher(self, seed: int) -> Path:
        """The weights of the teacher of a seed."""
        return self.weights.teacher(seed if self.own_teachers else 0)

    def corpus_path(self, condition: str, plan: Plan, seed: int) -> Path:
        """Where a corpus is kept."""
        return self.out / "corpora" / f"{condition.replace(' ', '-')}-{plan.name}-{seed}.jsonl"

    def plans(self, cell: Cell) -> list[tuple[str, Plan, int]]:
        """The corpora that a cell is made of: condition, plan and seed."""
        plan = ATTACKS[cell.attack].plan(max(cell.samples, self.samples))
        clean = ATTACKS[PASSIVE].plan(max(cell.samples, self.samples))
        found = [(cell.condition, plan, cell.seed)]
        return found if cell.share == 1 else [*found, (NONE, clean, cell.seed)]

    def gather(self, condition: str, plan: Plan, seed: int) -> None:
        """Harvest a corpus."""
        path = self.corpus_path(condition, plan, seed)
        harvest(self.condition(condition), seed, self.teacher(seed), plan, path)

    def read(self, condition: str, plan: Plan, seed: int) -> Corpus:
        """A corpus that was harvested."""
        return corpus.read(self.corpus_path(condition, plan, seed), seed)

    def student(self, cell: Cell) -> dict[str, Any]:
        """Train the student of a cell, keep it and score it."""
        began = time.process_time()
        harvests = [self.read(*plan)[: cell.samples] for plan in self.plans(cell)]
        perturbed = round(cell.share * len(harvests[0]))
        mixed = [*harvests[0][:perturbed], *harvests[-1][perturbed : cell.samples]]
        learnt = ATTACKS[cell.attack].treat(mixed)
        base, recipe = self.weights.base(cell.seed), self.weights.recipe
        student = train_student(base, learnt, recipe, cell.seed)
        kept = self.out / "students" / (re.sub(r"\W+", "-", cell.name) + ".npz")
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_weights(kept, student.metadata, student.network.arrays)
        questions = corpus.test_questions(cell.seed, self.questions)
        found = {
            **asdict(cell),
            "learnt": len(learnt),
            "score": accuracy(student, questions),
        }
        condition = self.condition(cell.condition)
        if condition.marked and cell.attack == PASSIVE:
            teacher = LanguageModel.load(self.teacher(cell.seed))
            held = radioactivity.places(teacher, student, cell.seed)
            key, account = key_of(cell.condition, cell.seed), suspected("harvester")
            mark = radioactivity.measure(held, condition.perturbation, key, account)
            found["radioactivity"] = asdict(mark)
        return {**found, "cpu_s": round(time.process_time() - began, 1)}

    def floor(self, seed: int) -> dict[str, Any]:
        """What the base of a seed scores, that saw no answer."""
        base = LanguageModel.load(self.weights.base(seed))
        return {"seed": seed, "score": accuracy(base, corpus.test_questions(seed, self.questions))}

    def observe(self, condition: str, seed: int) -> dict[str, Any]:
        """What the answers of a condition are worth, and how well they are told from clean ones."""
        plan = ATTACKS[PASSIVE].plan(self.samples)
        answers = self.read(condition, plan, seed)
        traced = [one for one in answers if one.sample.task in TRACED]
        found: dict[str, Any] = {
            "condition": condition,
            "seed": seed,
            "answers": len(answers),
            "solved": sum(solved(one.sample, one.text) for one in answers),
            "traced": len(traced),
            "traced_solved": sum(solved(one.sample, one.text) for one in traced),
            "traced_true": sum(is_true(one.sample, one.text) for one in traced),
            "exact": sum(one.sample.is_right(one.text) for one in traced),
        }
        if self.baseline is None or condition == self.baseline:
            return found
        clean = self.read(self.baseline, plan, seed)
        families = {"steps": True, "free text": False}
        found["auc"] = {
            family: self._told(condition, seed, _of(clean, steps), _of(answers, steps))
            for family, steps in families.items()
        }
        if self.condition(condition).marked:
            mechanism = self.condition(condition).perturbation(key_of(condition, seed))
            teacher = LanguageModel.load(self.teacher(seed))
            found["divergence"] = observers.divergence(
                teacher, mechanism, suspected("harvester"), answers[:_OBSERVED]
            )
        return found

    def _told(
        self, condition: str, seed: int, clean: Corpus, answers: Corpus
    ) -> dict[str, dict[str, float]]:
        scores = {"keyless": observers.keyless(clean, answers)}
        if self.condition(condition).marked:
            mechanism = self.condition(condition).perturbation(key_of(condition, seed))
            teacher = LanguageModel.load(self.teacher(seed))
            ratios = [
                observers.key_holder(teacher, mechanism, suspected("harvester"), part)
                for part in (clean, answers)
            ]
            scores["key-holder"] = (ratios[0], ratios[1])
        return {
            observer: {str(size): observers.auc_of_groups(*pair, size) for size in observers.GROUPS}
            for observer, pair in scores.items()
        }


def _of(answers: Corpus, steps: bool) -> Corpus:
    return [one for one in answers if (one.sample.task in TRACED) == steps][:_OBSERVED]


def run(
    lab: Lab, wanted: list[Cell], results: Results, jobs: int, say: Callable[[str], None]
) -> None:
    """Measure what is missing from the results, ``jobs`` at a time; each is kept once done."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    results.write()  # so that corpora of another setting are never taken for those of this one
    seeds = sorted({cell.seed for cell in wanted})
    students = {cell.name: cell for cell in wanted if cell.name not in results.students}
    plain = ATTACKS[PASSIVE].plan(lab.samples)
    conditions = dict.fromkeys(cell.condition for cell in wanted)
    looks = {
        f"{name}, seed {seed}": (name, seed)
        for name in conditions
        for seed in seeds
        if f"{name}, seed {seed}" not in results.observations
    }
    floors = {f"seed {seed}": seed for seed in seeds if f"seed {seed}" not in results.floors}
    harvests = {
        lab.corpus_path(*plan).stem: plan
        for plan in (
            *(plan for cell in students.values() for plan in lab.plans(cell)),
            *(
                (one, plain, seed)
                for name, seed in looks.values()
                for one in (lab.baseline, name)
                if one is not None
            ),
        )
        if not lab.corpus_path(*plan).exists()
    }
    bases = {f"base {seed}": (lab.weights.base, seed) for seed in seeds}
    teachers = {f"teacher {seed}": (lab.teacher, seed) for seed in seeds}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:

        def each(phase: str, tasks: Mapping[str, tuple[Any, ...]], keep: dict[str, Any]) -> None:
            began = time.monotonic()
            running = {pool.submit(*task): name for name, task in tasks.items()}
            for number, done in enumerate(as_completed(running), 1):
                if done.exception() is not None:
                    pool.shutdown(cancel_futures=True)
                name, result = running[done], done.result()
                score = ""
                if isinstance(result, dict):
                    keep[name] = result
                    results.write()
                    score = f": {result['score']:.3f}" if "score" in result else ""
                took = time.monotonic() - began
                say(f"{phase} {number}/{len(tasks)}, {took:.0f} s: {name}{score}")

        each("weights", {**bases, **teachers}, {})
        each("harvest", {name: (lab.gather, *plan) for name, plan in harvests.items()}, {})
        each("floor", {n: (lab.floor, seed) for n, seed in floors.items()}, results.floors)
        each("student", {n: (lab.student, cell) for n, cell in students.items()}, results.students)
        each("observer", {n: (lab.observe, *one) for n, one in looks.items()}, results.observations)


def of_recipe(recipe: Recipe) -> dict[str, Any]:
    """A recipe as it is kept with the results."""
    return {**asdict(recipe), "digest": recipe.digest}
