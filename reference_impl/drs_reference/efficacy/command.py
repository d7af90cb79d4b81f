"""``drs-reference efficacy``: measures, prints the table, writes results, cards and pictures."""

from __future__ import annotations

import json
import os
import platform
import secrets
import sys
from pathlib import Path

from drs_reference import __version__
from drs_reference.efficacy import lab, student
from drs_reference.efficacy.card import card, model_entry, slug
from drs_reference.efficacy.conditions import CONDITIONS
from drs_reference.efficacy.endpoint import EndpointError
from drs_reference.efficacy.foreign import run_foreign
from drs_reference.efficacy.foreign_file import ForeignError
from drs_reference.efficacy.harvest import HarvestError
from drs_reference.efficacy.options import EfficacyOptions
from drs_reference.efficacy.picture import learning_curves
from drs_reference.efficacy.results import Results, ResultsError
from drs_reference.efficacy.student import MissingTorchError, Weights
from drs_reference.efficacy.table import table
from drs_reference.gateway.target_files import write_private
from drs_reference.model import WeightsError
from drs_reference.signing import Signer

__all__ = ["run"]


class UnknownConditionError(Exception):
    """There is no such condition; the message names those that there are."""


def run(options: EfficacyOptions) -> int:
    """Measure what is missing and write everything; the exit status: 0, or 2 with one line.

    With a foreign teacher 3 where the bound on requests was reached before the end.
    """
    try:
        return _run(options)
    except (
        EndpointError,
        ForeignError,
        HarvestError,
        MissingTorchError,
        ResultsError,
        UnknownConditionError,
        WeightsError,
    ) as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 2


def _run(options: EfficacyOptions) -> int:
    if options.foreign is not None:
        student.torch_parts()  # nothing is asked of anybody that cannot be learnt from
        return run_foreign(options, options.foreign)
    names = options.conditions or tuple(CONDITIONS)
    if unknown := [name for name in names if name not in CONDITIONS]:
        known = ", ".join(map(repr, CONDITIONS))
        raise UnknownConditionError(f"expected conditions of {known}; got {unknown[0]!r}")
    student.torch_parts()
    weights = Weights(options.cache, options.recipe)
    place = lab.Lab(options.out, weights, options.samples, options.questions, options.full)
    setting = {
        "recipe": lab.of_recipe(options.recipe),
        "samples": options.samples,
        "questions": options.questions,
        "own_teachers": options.full,
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    results = Results.open(options.out / "efficacy.json", setting)
    wanted = lab.cells(names, options.seeds, options.samples, options.full)
    lab.run(place, wanted, results, options.jobs, lambda line: print(line, flush=True))
    written = table(results)
    (options.out / "efficacy.md").write_text(written, "utf-8")
    print(f"\n{written}")
    signer = _signer(options.out / "lab-key")
    models = {
        "teacher": model_entry("embedded model of the reference endpoint", place.teacher(0)),
        "student": model_entry("warm-started student, before it learns", weights.base(0)),
    }
    for name in names:
        condition = CONDITIONS[name]
        if condition.mechanism is None:
            continue
        document = card(results, condition, models, options.issuer, signer)
        path = options.out / f"card-{slug(name)}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        path.with_suffix(".svg").write_text(learning_curves(document, name), "utf-8")
        print(f"wrote {path}")
    (options.out / "lab-key.json").write_text(json.dumps(signer.key_entry()) + "\n", "utf-8")
    return 0


def _signer(path: Path) -> Signer:
    """The key of the laboratory, made when it is first needed."""
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return Signer(bytes.fromhex(path.read_text("ascii")))
