"""Efficacy cards: documents ``perturbation-evidence`` of what the lab measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785

from drs_reference.efficacy.attacks import PASSIVE
from drs_reference.efficacy.card_parts import (
    arms,
    factor,
    mean,
    observers,
    shares,
    totals,
    utility_loss,
)
from drs_reference.efficacy.conditions import NONE, Condition
from drs_reference.efficacy.results import Results
from drs_reference.model.weights import load_weights
from drs_reference.signing import Signer
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

__all__ = ["CARD_TYPE", "LIMITS", "RECIPE_URI", "TASK", "card", "model_entry", "slug"]

CARD_TYPE = "application/vnd.drs.perturbation-evidence+json"
RECIPE_URI = "https://distillation-resistance.example/recipes/warm-student"
TASK = (
    "Two-digit additions with carries and chains of three operations modulo ten, with written-out "
    "steps; held-out questions, the answer alone is scored"
)
_VALIDITY = timedelta(days=365)
LIMITS = (
    "Students of other sizes, from other starting points, or of other tasks than arithmetic.",
    "Attackers other than those listed.",
    "Observers see harvested prompts, steps and free text apart; the greater AUC is reported. "
    "Groups of responses are drawn with replacement from a few hundred.",
    "Utility is measured on the harvested prompts alone.",
)
_KEYED_LIMIT = "P-values of recognition take the score over other keys to be normal."
_SHIPPED_LIMIT = "One teacher answered under every seed; seeds varied prompts, base, key and order."


def slug(name: str) -> str:
    """The name of a condition as part of an identifier."""
    return name.replace(" ", "-").replace(".", "_")


def model_entry(name: str, path: Path) -> dict[str, Any]:
    """What a card says of a model whose weights lie at a path."""
    _, arrays = load_weights(path)
    return {
        "name": name,
        "digest": "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest(),
        "parameters": sum(array.size for array in arrays.values()),
    }


def card(
    results: Results,
    condition: Condition,
    models: Mapping[str, Mapping[str, Any]],
    issuer: str,
    signer: Signer,
) -> dict[str, Any]:
    """The signed card of a mechanism; ``models`` has the entries ``teacher`` and ``student``.

    Raises ``LookupError`` while there is no passive or no adaptive student of it.
    """
    name, now = condition.name, datetime.now(UTC).replace(microsecond=0)
    attacks = results.attacks(name)
    if not results.arms(name, PASSIVE) or not attacks:
        raise LookupError(f"no card of {name!r}: it takes a passive and an adaptive student")
    clean, defended = totals(results, NONE), totals(results, name)
    scores, truths = (shares((clean, defended), key) for key in ("solved", "true"))
    document = {
        "drs_version": VERSION,
        "id": f"card-{slug(name)}",
        "issuer": issuer,
        "mechanism": condition.mechanism,
        "parameters": _digest(condition.parameters),
        "measured_at": rfc3339(now),
        "expires_at": rfc3339(now + _VALIDITY),
        "task": TASK,
        **models,
        "recipe": {"uri": RECIPE_URI, "digest": f"sha256:{results.setting['recipe']['digest']}"},
        "teacher_score_clean": scores[0],
        "teacher_score_defended": scores[1],
        "utility_loss_points": utility_loss(clean, defended),
        "false_statements_added": max(0.0, truths[0] - truths[1]),
        "divergence_nats_per_response": _divergence(results, condition),
        "floor": mean(one["score"] for one in results.floors.values()),
        "undefended": arms(results, NONE, PASSIVE),
        "passive": arms(results, name, PASSIVE),
        "adaptive": [{"attack": one, "arms": arms(results, name, one)} for one in attacks],
        "strongest": attacks[0],
        "multipliers": {
            "passive": factor(results.multiplier(name, PASSIVE)),
            "strongest": factor(results.multiplier(name, attacks[0])),
        },
        "observers": observers(results, name),
        "recognition": _recognition(results, name),
        "not_shown": [
            *LIMITS,
            *([_KEYED_LIMIT] if condition.marked else ()),
            *(() if results.setting["own_teachers"] else [_SHIPPED_LIMIT]),
        ],
    }
    return signer.sign(CARD_TYPE, document)


def _digest(document: Mapping[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def _divergence(results: Results, condition: Condition) -> float | None:
    found = [one.get("divergence") for one in results.seen(condition.name)]
    known = [value for value in found if value is not None]
    return mean(known) if known and len(known) == len(found) else None


def _recognition(results: Results, name: str) -> list[dict[str, Any]]:
    found = [
        one
        for one in results.students.values()
        if one["condition"] == name and "radioactivity" in one
    ]
    return [
        {
            "share": one["share"],
            "samples": one["samples"],
            "z": one["radioactivity"]["z"],
            "p_value": one["radioactivity"]["p_value"],
        }
        for one in sorted(found, key=lambda one: (-one["share"], one["samples"], one["seed"]))
    ]
