"""``drs-reference efficacy --foreign``: the lab with somebody else's teacher."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from drs_reference import __version__
from drs_reference.efficacy import corpus, lab
from drs_reference.efficacy.attacks import ATTACKS, PASSIVE
from drs_reference.efficacy.card import model_entry, slug
from drs_reference.efficacy.conditions import Condition
from drs_reference.efficacy.foreign_card import foreign_document
from drs_reference.efficacy.foreign_file import ForeignCondition, ForeignError, ForeignTeacher
from drs_reference.efficacy.foreign_harvest import gather, slots
from drs_reference.efficacy.foreign_journal import ForeignJournal, Slot
from drs_reference.efficacy.harvest import Plan
from drs_reference.efficacy.lab import Cell, Lab
from drs_reference.efficacy.options import EfficacyOptions
from drs_reference.efficacy.results import Results
from drs_reference.efficacy.student import Weights
from drs_reference.efficacy.table import table

__all__ = ["BOUND_REACHED", "foreign_cells", "run_foreign"]

BOUND_REACHED = 3
"""Exit status where a bound of the file was reached before everything was asked."""


@dataclass(frozen=True, slots=True)
class ForeignLab(Lab):
    """A lab whose corpora are there already."""

    def condition(self, name: str) -> Condition:
        """A condition of which nothing is known but its name."""
        return Condition(name)


def foreign_cells(
    conditions: Sequence[ForeignCondition], seeds: int, samples: int, full: bool
) -> list[Cell]:
    """The students to train, seed by seed.

    Each condition as it came, the curve of the baseline (of every condition where there is none),
    and the attackers of the file at one seed or, in full, at all of them.
    """
    found = []
    lone = not any(condition.baseline for condition in conditions)
    for seed in range(seeds):
        for condition in conditions:
            parts = (4, 2, 1) if condition.baseline or lone else (1,)
            found += [Cell(condition.name, PASSIVE, samples // part, seed) for part in parts]
            attacks = condition.attacks if full or seed == 0 else ()
            found += [Cell(condition.name, attack, samples, seed) for attack in attacks]
    return [cell for cell in dict.fromkeys(found) if cell.samples]


def run_foreign(options: EfficacyOptions, path: Path) -> int:
    """Harvest within the bound, measure what is complete, write all; 0, or ``BOUND_REACHED``.

    Raises ``ForeignError`` before anything is sent that the file does not allow.
    """
    if options.conditions:
        raise ForeignError(f"the conditions are those of {path}: leave --conditions out")
    teacher = ForeignTeacher.read(path, os.environ)
    wanted = foreign_cells(teacher.conditions, options.seeds, options.samples, options.full)
    weights = Weights(options.cache, options.recipe)
    place = ForeignLab(
        options.out, weights, options.samples, options.questions, False, teacher.baseline
    )
    results = Results.open(options.out / "efficacy.json", _setting(options, teacher))
    results.write()
    journal, say = options.out / "harvest.jsonl", partial(print, flush=True)
    with ForeignJournal.opened(journal, _asked(teacher), teacher.requests_max) as kept:
        schedule = list(_schedule(place, wanted))
        missing = sum(slot.name not in kept.said for slot in schedule)
        if missing:
            teacher.check_authorised()
            _check_bound(place, wanted, kept, teacher, path)
        say(
            f"{missing} of {len(schedule)} answers are to be asked for; {kept.sent} of "
            f"{teacher.requests_max} requests were sent, authorised by {teacher.authorised_by} "
            f"until {teacher.authorised_until}"
        )
        stopped = gather(teacher, kept, schedule, say)
        complete = {one: _written(place, kept, *one) for one in _corpora(place, wanted)}
        declined = {
            one.name: sum(
                said.declined and name.startswith(f"{one.name}/")
                for name, said in kept.said.items()
            )
            for one in teacher.conditions
        }
    measured = _measurable(place, wanted, {one for one, there in complete.items() if there})
    if measured:
        lab.run(place, measured, results, options.jobs, say)
        _write(place, teacher, results, declined)
    if stopped is None:
        return 0
    lacking = len(wanted) - len(measured)
    print(
        f"stopped: {stopped}. {lacking} of {len(wanted)} students lack answers; once {path} allows "
        "more, the same command goes on"
    )
    return BOUND_REACHED


def _asked(teacher: ForeignTeacher) -> dict[str, Any]:
    """What has to be equal for answers to stand in one harvest."""
    return {
        "base_url": teacher.base_url,
        "model": teacher.model,
        "temperature": teacher.temperature,
        "answer_tokens_max": teacher.answer_tokens_max,
        "instruction": hashlib.sha256(teacher.instruction.encode()).hexdigest(),
    }


def _setting(options: EfficacyOptions, teacher: ForeignTeacher) -> dict[str, Any]:
    return {
        "recipe": lab.of_recipe(options.recipe),
        "samples": options.samples,
        "questions": options.questions,
        "own_teachers": False,
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "baseline": teacher.baseline,
        "foreign": _asked(teacher),
    }


def _corpora(place: ForeignLab, wanted: Sequence[Cell]) -> list[tuple[str, Plan, int]]:
    """The corpora of cells; of each seed those that were left as they came stand first."""
    plain = ATTACKS[PASSIVE].plan(place.samples)
    found = dict.fromkeys(plan for cell in wanted for plan in place.plans(cell))
    return sorted(found, key=lambda one: (one[2], one[1] != plain, one[1].name))


def _schedule(place: ForeignLab, wanted: Sequence[Cell]) -> Iterator[Slot]:
    """All slots; conditions take turns, so that each meets the endpoint at the same time."""
    groups: dict[tuple[int, Plan], list[list[Slot]]] = {}
    for name, plan, seed in _corpora(place, wanted):
        groups.setdefault((seed, plan), []).append(slots(name, plan, seed))
    for group in groups.values():
        yield from filter(None, chain.from_iterable(zip_longest(*group)))


def _check_bound(
    place: ForeignLab,
    wanted: Sequence[Cell],
    kept: ForeignJournal,
    teacher: ForeignTeacher,
    path: Path,
) -> None:
    """Check that the least that can be measured is allowed: nothing is asked for nothing."""
    first = [cell for cell in wanted if cell.seed == 0 and cell.attack == PASSIVE]
    least = sum(slot.name not in kept.said for slot in _schedule(place, first))
    left = teacher.requests_max - kept.sent
    if least > left:
        raise ForeignError(
            f"{path}: requests_max must allow the {least} further answers of the first seed; it "
            f"leaves {max(0, left)} of {teacher.requests_max}: raise it, or ask for fewer --samples"
        )


def _written(
    place: ForeignLab, kept: ForeignJournal, condition: str, plan: Plan, seed: int
) -> bool:
    """Whether a corpus is whole; if so, it is written."""
    of = slots(condition, plan, seed)
    if any(slot.name not in kept.said for slot in of):
        return False
    path = place.corpus_path(condition, plan, seed)
    corpus.write(path, ((one.number, one.account, kept.said[one.name].text) for one in of))
    return True


def _measurable(
    place: ForeignLab, wanted: Sequence[Cell], whole: set[tuple[str, Plan, int]]
) -> list[Cell]:
    """Cells whose corpora are whole, of seeds at which every condition can be observed."""
    plain = ATTACKS[PASSIVE].plan(place.samples)
    names = {cell.condition for cell in wanted}
    seeds = {cell.seed for cell in wanted}
    ready = {seed for seed in seeds if all((name, plain, seed) in whole for name in names)}
    return [
        cell
        for cell in wanted
        if cell.seed in ready and all(plan in whole for plan in place.plans(cell))
    ]


def _write(
    place: ForeignLab, teacher: ForeignTeacher, results: Results, declined: dict[str, int]
) -> None:
    written = table(results)
    (place.out / "efficacy.md").write_text(written, "utf-8")
    print(f"\n{written}")
    student = model_entry("warm-started student, before it learns", place.weights.base(0))
    for condition in teacher.conditions:
        found = foreign_document(results, teacher, condition, student, declined[condition.name])
        path = place.out / f"foreign-{slug(condition.name)}.json"
        path.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        print(f"wrote {path}")
        for member, reason in found["not_available"].items():
            print(f"  {member}: not available, {reason}")
