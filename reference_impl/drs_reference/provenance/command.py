"""``drs-reference provenance``: whether a corpus or a student owes something to a key."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from decimal import ROUND_UP, Context
from pathlib import Path
from random import Random
from typing import Any

from drs_reference.gateway.declaration import Terms
from drs_reference.gateway.provenance_hook import THRESHOLDS
from drs_reference.model import LanguageModel, WeightsError
from drs_reference.model.language import draw_sample
from drs_reference.perturbation.best_of_n import BestOfN
from drs_reference.perturbation.document import ParametersError
from drs_reference.perturbation.provenance import Sample
from drs_reference.provenance.corpus import CorpusError, read_corpus
from drs_reference.provenance.keys import (
    KeyFileError,
    Suspect,
    key_of_file,
    key_of_storage,
    suspects,
)
from drs_reference.provenance.marks import (
    Finding,
    Keyed,
    in_corpus,
    in_probabilities,
    mark_of,
    said,
)
from drs_reference.server_process import ServeError
from drs_reference.standard import VERSION, StandardNotFoundError
from drs_reference.storage.base import StorageError

__all__ = ["RECOGNISED", "ProvenanceOptions", "answers_of", "at_most", "run"]

RECOGNISED = 10
"""Exit status of a claim: neither that of a crash, 1, nor that of a wrong call, 2, accuses."""
ANSWERS = 1000
"""Answers that a student is asked for."""
BOUND = (
    "exact bound: proven (Chernoff), not estimated from a sample of other keys, and so valid for "
    "claims at any rate, also below 3e-4, where no trial of ours has looked"
)
ASSUMES = (
    "that {subject} was made and picked without the key, which includes everything that it was "
    "made from, that the key was drawn at random and stayed secret, and that this is the only look "
    "(of several, each p-value counts as often); a claim is about texts, not about who has them"
)


@dataclass(frozen=True, slots=True)
class ProvenanceOptions:
    """Options of ``drs-reference provenance``: a corpus or a student, and one of the two keys.

    A student is looked at through its probabilities or, with ``outputs``, through its answers.
    Without a ``threshold`` a claim is made at the rate that the level of the endpoint allows.
    """

    corpus: Path | None = None
    student: Path | None = None
    outputs: bool = False
    storage: str | None = None
    key: Path | None = None
    perturbation: Path | None = None
    accounts: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    threshold: float | None = None
    weights: Path | None = None
    json: bool = False


class _UnfitError(Exception):
    """The mechanism cannot be looked for in this way."""


def run(options: ProvenanceOptions) -> int:
    """Print the finding; the exit status: 0 not recognised, 10 recognised, 2 with one line."""
    try:
        return _run(options)
    except (
        CorpusError,
        KeyFileError,
        ParametersError,
        ServeError,
        StandardNotFoundError,
        StorageError,
        WeightsError,
        _UnfitError,
    ) as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 2


def _run(options: ProvenanceOptions) -> int:
    root = key_of_file(options.key) if options.key else key_of_storage(options.storage or "")
    mark = mark_of(options.perturbation, root)
    who = suspects(mark, root, options.accounts, options.clusters)
    found, read = _found(options, mark)
    threshold = THRESHOLDS[Terms().level] if options.threshold is None else options.threshold
    document = _document(mark, who, found, threshold)
    document |= {
        **read,
        "assumes": ASSUMES.format(subject="the student" if options.student else "the corpus"),
    }
    print(json.dumps(document, indent=2) if options.json else _told(document))
    return RECOGNISED if document["recognised"] else 0


def _found(options: ProvenanceOptions, mark: Keyed) -> tuple[Finding, dict[str, Any]]:
    """What was found, in which file and among how many samples."""
    model = LanguageModel.load(options.weights)
    if options.student is None:
        assert options.corpus is not None
        samples, digest = read_corpus(options.corpus)
        read = {"of": str(options.corpus), "sha256": digest, "samples": len(samples)}
        return in_corpus(model, mark, samples), read
    student = LanguageModel.load(options.student)
    digest = hashlib.sha256(options.student.read_bytes()).hexdigest()
    read = {"of": str(options.student), "sha256": digest}
    if options.outputs:
        spoken = answers_of(student, ANSWERS)
        return in_corpus(model, mark, spoken), {**read, "samples": ANSWERS}
    if isinstance(mark, BestOfN):
        raise _UnfitError(
            f"{mark.mechanism} acts on whole answers, not on the probabilities of tokens: look at "
            "the student with --outputs"
        )
    found = in_probabilities(model, student, mark)
    return found, {**read, "samples": found.used}


def answers_of(model: LanguageModel, count: int, seed: int = 0) -> list[Sample]:
    """Free text of a model, a student's or an unperturbed teacher's, to prompts of the language."""
    rng = Random(f"provenance {seed}")
    asked = [draw_sample(rng, ("story", "explanation")[number % 2]) for number in range(count)]
    return [
        (sample.messages, said(model, sample.messages, seed * 2**32 + number))
        for number, sample in enumerate(asked)
    ]


def _document(mark: Keyed, who: list[Suspect], found: Finding, threshold: float) -> dict[str, Any]:
    # Bonferroni: each p-value counts as often as there are keys in question.
    values = {one.name: min(1.0, found.p_value(one.key) * len(who)) for one in who}
    claimed = [name for name in sorted(values, key=values.__getitem__) if values[name] <= threshold]
    return {
        "drs_version": VERSION,
        "recognised": bool(claimed),
        "p_value": min(values.values()),
        "p_value_is": BOUND,
        "threshold": threshold,
        "recognised_for": claimed,
        "keys_in_question": len(who),
        "mechanism": mark.mechanism,
        "samples_used": found.used,
    }


def _told(document: dict[str, Any]) -> str:
    p_value = at_most(document["p_value"])
    first = f"not recognised, p <= {p_value}"
    if document["recognised"]:
        first = f"recognised, p <= {p_value}, for {', '.join(document['recognised_for'])}"
    return (
        f"{first}\n"
        f"mechanism: {document['mechanism']}; {document['samples_used']} of "
        f"{document['samples']} samples carried information\n"
        f"claimed where p <= {document['threshold']:g}; keys in question, each of which is counted "
        f"against the claim: {document['keys_in_question']}\n"
        f"the p-value is an {document['p_value_is']}\n"
        f"assumes {document['assumes']}"
    )


def at_most(p_value: float) -> str:
    """A p-value with one digit, rounded up."""
    if p_value < 1e-300:
        return "1e-300"
    up = Context(prec=1, rounding=ROUND_UP)
    return f"{float(up.create_decimal(repr(p_value))):g}"
