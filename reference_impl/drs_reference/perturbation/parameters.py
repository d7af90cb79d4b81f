"""From a document ``perturbation-parameters`` and a key to the mechanism that it describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from drs_reference.gateway.sampling import Model
from drs_reference.perturbation.antidistillation import Antidistillation, AntidistillationParameters
from drs_reference.perturbation.best_of_n import BestOfN, BestOfNParameters
from drs_reference.perturbation.bucketed import BucketedParameters, BucketedSampling
from drs_reference.perturbation.covert import ClusterOf, alone
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelParameters, GumbelWatermark
from drs_reference.perturbation.product_of_experts import ProductOfExperts, ProductParameters
from drs_reference.perturbation.schema_part import Parameters, ParametersError
from drs_reference.perturbation.tournament import TournamentParameters, TournamentWatermark
from drs_reference.standard import registry, validator
from drs_reference.timestamps import from_rfc3339

__all__ = ["KINDS", "CovertObject", "ParametersError", "covert_mechanism", "read"]

KINDS: Mapping[str, type[Parameters]] = {
    kind.mechanism: kind
    for kind in (
        GreenListParameters,
        GumbelParameters,
        TournamentParameters,
        BucketedParameters,
        BestOfNParameters,
        AntidistillationParameters,
        ProductParameters,
    )
}
"""Parameters of every covert mechanism, by its entry of the registry."""

CovertObject = (
    GreenListWatermark
    | GumbelWatermark
    | TournamentWatermark
    | BucketedSampling
    | BestOfN
    | Antidistillation
    | ProductOfExperts
)


def read(document: Mapping[str, Any]) -> Parameters:
    """The parameters of a document. Raises ``ParametersError``."""
    for error in validator("perturbation-parameters").iter_errors(document):
        raise ParametersError(f"perturbation-parameters, {error.json_path}: {error.message}")
    name = document["mechanism"]
    if name not in KINDS:
        raise ParametersError(
            f"perturbation-parameters, $.mechanism: expected a covert mechanism, not {name!r}"
        )
    return KINDS[name](**document["parameters"])


def covert_mechanism(
    document: Mapping[str, Any],
    key: bytes,
    now: datetime,
    *,
    laboratory: Sequence[Model] | None = None,
    cluster_of: ClusterOf = alone,
) -> CovertObject:
    """The mechanism of a document, to be applied to accounts unless it is for a laboratory.

    ``laboratory`` holds the other models of experimental mechanisms: a proxy student before and
    after it learnt, or a second expert.

    Raises ``ParametersError`` if the document is not valid at ``now``, and ``ValueError`` for a key
    that is too short.
    """
    parameters = read(document)
    name = document["mechanism"]
    if not from_rfc3339(document["valid_from"]) <= now < from_rfc3339(document["valid_until"]):
        raise ParametersError(
            f"{document['id']} is valid from {document['valid_from']} until "
            f"{document['valid_until']}, not at {now.isoformat()}: approve a new revision"
        )
    if laboratory is None:
        _refuse_for_accounts(document, name)
    match parameters:
        case GreenListParameters():
            return GreenListWatermark(key, parameters, cluster_of=cluster_of)
        case GumbelParameters():
            return GumbelWatermark(key, parameters, cluster_of=cluster_of)
        case TournamentParameters():
            return TournamentWatermark(key, parameters, cluster_of=cluster_of)
        case BucketedParameters():
            return BucketedSampling(key, parameters, cluster_of=cluster_of)
        case BestOfNParameters():
            return BestOfN(key, parameters, cluster_of=cluster_of)
    models = laboratory or ()
    expected = 2 if isinstance(parameters, AntidistillationParameters) else 1
    if len(models) != expected:
        raise ParametersError(f"{name} needs other models: expected {expected}, not {len(models)}")
    if isinstance(parameters, AntidistillationParameters):
        return Antidistillation(models[0], models[1], parameters)
    assert isinstance(parameters, ProductParameters)
    return ProductOfExperts(models[0], parameters)


def _refuse_for_accounts(document: Mapping[str, Any], name: str) -> None:
    entry = next(entry for entry in registry("mechanisms")["entries"] if entry["id"] == name)
    if entry["status"] != "active":
        raise ParametersError(
            f"{name} is {entry['status']} in the registry of mechanisms; only active ones are "
            "applied to accounts"
        )
    if document["efficacy_card"] is None:
        raise ParametersError(
            f"{document['id']} has no efficacy card (efficacy_card is null); without one {name} is "
            "not applied to accounts: measure it first"
        )
