"""What was measured of a foreign teacher: the members of an efficacy card that can be computed.

It is no efficacy card and bears no signature: a card is of a mechanism whose parameters its issuer
knows. What cannot be computed from answers alone is named, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from drs_reference.efficacy.attacks import PASSIVE
from drs_reference.efficacy.card import LIMITS, RECIPE_URI, TASK
from drs_reference.efficacy.card_parts import (
    arms,
    factor,
    mean,
    observers,
    shares,
    totals,
    utility_loss,
)
from drs_reference.efficacy.foreign_file import ForeignCondition, ForeignTeacher
from drs_reference.efficacy.results import Results
from drs_reference.efficacy.table import ABSENT
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

__all__ = ["foreign_document"]

_LAW = "takes the distribution from which the model draws, which such an endpoint does not show"
_KEY = "takes the key of the mechanism"
_WORDS = "a statement in words other than the lab's is not known to be false"
_NO_BASELINE = "takes a condition with baseline: true to hold it against"
_NO_ATTACK = "takes an adaptive student: name attacks of the condition"
_OWN_LIMITS = (
    "Steps in words other than the lab's are not recognised: they count as neither true nor right.",
    "What else than its standing differs between the accounts, if anything does.",
)


def foreign_document(
    results: Results,
    teacher: ForeignTeacher,
    condition: ForeignCondition,
    student: Mapping[str, Any],
    declined: int,
) -> dict[str, Any]:
    """What is known of one condition that was observed.

    A member that is ``not available`` has its reason in ``not_available``.
    """
    name, baseline, reasons = condition.name, results.baseline, dict[str, str]()
    own, attacks = totals(results, name), results.attacks(name)
    clean = totals(results, baseline) if baseline is not None else None
    against = None if name == baseline else clean

    def known(member: str, value: Any, reason: str) -> Any:
        if value is not None:
            return value
        reasons[member] = reason
        return ABSENT

    why = "it is the baseline itself" if name == baseline else _NO_BASELINE
    document = {
        "drs_version": VERSION,
        "kind": "measurement of a foreign teacher; no efficacy card, not signed",
        "measured_at": rfc3339(datetime.now(UTC).replace(microsecond=0)),
        "authorised_by": teacher.authorised_by,
        "teacher": {"base_url": teacher.base_url, "model": teacher.model},
        "condition": name,
        "baseline": baseline,
        "mechanism": known("mechanism", condition.mechanism, "the file does not name it"),
        "task": TASK,
        "student": student,
        "recipe": {"uri": RECIPE_URI, "digest": f"sha256:{results.setting['recipe']['digest']}"},
        "answers": own["answers"],
        "declined": declined,
        "teacher_score_clean": known(
            "teacher_score_clean", clean and shares([clean], "solved")[0], _NO_BASELINE
        ),
        "teacher_score_defended": shares([own], "solved")[0],
        "steps_recognised_as_true": shares([own], "true")[0],
        "utility_loss_points": known(
            "utility_loss_points", against and utility_loss(against, own), why
        ),
        "false_statements_added": known("false_statements_added", None, _WORDS),
        "divergence_nats_per_response": known("divergence_nats_per_response", None, _LAW),
        "floor": mean(one["score"] for one in results.floors.values()),
        "undefended": known("undefended", arms(results, baseline, PASSIVE) or None, _NO_BASELINE),
        "passive": arms(results, name, PASSIVE),
        "adaptive": [{"attack": one, "arms": arms(results, name, one)} for one in attacks],
        "strongest": known("strongest", attacks[0] if attacks else None, _NO_ATTACK),
        "multipliers": {
            "passive": known(
                "multipliers.passive",
                against and factor(results.multiplier(name, PASSIVE)),
                why,
            ),
            "strongest": known(
                "multipliers.strongest",
                (against and attacks and factor(results.multiplier(name, attacks[0]))) or None,
                why if against is None else _NO_ATTACK,
            ),
        },
        "observers": known("observers", observers(results, name) if against else None, why),
        "key_holder": known("key_holder", None, f"{_KEY}, and {_LAW}"),
        "recognition": known("recognition", None, _KEY),
    }
    return {**document, "not_available": reasons, "not_shown": [*LIMITS, *_OWN_LIMITS]}
