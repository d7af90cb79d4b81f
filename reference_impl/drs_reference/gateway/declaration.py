"""What the reference endpoint declares, and the signed document at the well-known path."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from drs_reference.gateway.surfaces import SURFACES, Bounds, Surface
from drs_reference.signing import DECLARATION_TYPE, Signer
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

MODEL_NAME = "drs-reference-1"
REASONING_MODEL_NAME = "drs-reference-1-reasoning"
VALIDITY = timedelta(days=30)
MAX_AGE_S = 3600
_DAY_S = 86400
_FORMS = {"structured_output": True, "tools": True}


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that is declared and that the endpoint then follows; durations in seconds.

    Without a ``provenance_path`` there is no provenance hook, without an ``eligibility_path`` no
    policy of eligibility.
    """

    name: str = "Distillation-Resistance reference endpoint"
    level: str = "L2"
    classes: tuple[str, ...] = ("provider",)
    models: tuple[str, ...] = (MODEL_NAME,)
    reasoning_models: tuple[str, ...] = (REASONING_MODEL_NAME,)
    bounds: Bounds = field(default_factory=Bounds)
    states: tuple[str, ...] = (
        "standing",
        "observed",
        "throttled",
        "perturbed",
        "suspended",
        "terminated",
    )
    quiet_s: dict[str, int] = field(
        default_factory=lambda: {
            "observed": _DAY_S,
            "throttled": 2 * _DAY_S,
            "perturbed": 2 * _DAY_S,
        }
    )
    suspension_review_s: int = 3 * _DAY_S
    covert_delay_max_s: int = _DAY_S
    decision_max_s: int = 7 * _DAY_S
    contact: str = "mailto:appeals@distillation-resistance.example"
    surfaces: tuple[Surface, ...] = SURFACES
    account_path: str = "/drs/v1/account"
    appeals_path: str = "/drs/v1/appeals"
    cases_path: str = "/drs/v1/cases"
    score_path: str = "/drs/v1/detector/score"
    likelihood_path: str = "/drs/v1/likelihood"
    provenance_path: str = "/drs/v1/provenance"
    reasoning_path: str = "/drs/v1/reasoning"
    test_path: str = "/drs/v1/test"
    eligibility_path: str = "/drs/v1/eligibility"
    false_positive_rate: float = 0.003
    benign_error_rate: float = 0.02
    first_token_p99_ms: float = 4000
    latency_overhead_p99_ms: float = 50

    def served(self, surface: Surface) -> tuple[str, ...]:
        """The models of a surface."""
        return self.reasoning_models if surface.withholds else self.models


class DeclarationBuilder:
    """Builds and signs the declaration (schema ``declaration``)."""

    def __init__(
        self, terms: Terms, signer: Signer, issuer: str, mechanisms: tuple[tuple[str, bool], ...]
    ) -> None:
        """``issuer`` is the origin; ``mechanisms`` are (registry entry, whether covert)."""
        self.terms = terms
        self.signer = signer
        self.issuer = issuer
        self.mechanisms = mechanisms

    def statement(self, now: datetime) -> dict[str, Any]:
        """The declaration before it is signed."""
        terms, issued = self.terms, now.replace(microsecond=0)
        return {
            "drs_version": VERSION,
            "issuer": self.issuer,
            "name": terms.name,
            "classes": list(terms.classes),
            "level": terms.level,
            "issued_at": rfc3339(issued),
            "expires_at": rfc3339(issued + VALIDITY),
            "surfaces": [self.surface(surface) for surface in terms.surfaces],
            "ladder": {
                "states": list(terms.states),
                "quiet_s": dict(terms.quiet_s),
                "suspension_review_s": terms.suspension_review_s,
            },
            "control_plane": {
                "account": terms.account_path,
                "appeals": terms.appeals_path,
                "cases": terms.cases_path,
                "test": terms.test_path,
                "score": terms.score_path,
                "likelihood": terms.likelihood_path,
                "reasoning": terms.reasoning_path,
                **({"provenance": terms.provenance_path} if terms.provenance_path else {}),
            },
            "good_standing": {
                "latency_overhead_p99_ms": terms.latency_overhead_p99_ms,
                "first_token_p99_ms": terms.first_token_p99_ms,
                "benign_error_rate": terms.benign_error_rate,
                "false_positive_rate": terms.false_positive_rate,
            },
            "notice": {"covert_delay_max_s": terms.covert_delay_max_s},
            "appeals": {"decision_max_s": terms.decision_max_s, "contact": terms.contact},
            "probing": {"contact": terms.contact},
            "perturbation": [
                {"mechanism": mechanism, "class": "covert" if covert else "overt"}
                for mechanism, covert in self.mechanisms
            ],
            "exemptions": [],
            **self.documents(),
            "keys": [self.signer.key_entry()],
        }

    def documents(self) -> dict[str, Any]:
        """Where further documents stand, if there are any."""
        path = self.terms.eligibility_path
        return {"documents": {"eligibility_policy": self.issuer + path}} if path else {}

    def surface(self, surface: Surface) -> dict[str, Any]:
        """One surface with what it may expose."""
        bounds = surface.within(self.terms.bounds)
        return {
            "id": surface.id,
            "dialect": surface.dialect,
            "path": surface.path,
            "models": list(self.terms.served(surface)),
            "streaming": True,
            **({"reasoning": "withheld"} if surface.withholds else _FORMS),
            "bounds": {
                "top_logprobs_max": bounds.top_logprobs_max,
                "logprob_decimals": bounds.logprob_decimals,
                "choices_max": bounds.choices_max,
            },
        }

    def document(self, now: datetime) -> dict[str, Any]:
        """The signed declaration."""
        return self.signer.sign(DECLARATION_TYPE, self.statement(now))
