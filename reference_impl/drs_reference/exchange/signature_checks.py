"""What a signature must be beyond its schema: how its members fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drs_reference.exchange.features import CONTAINMENT, MATCHED, registered_features
from drs_reference.exchange.objects import ObjectError, moment
from drs_reference.exchange.privacy import leaks
from drs_reference.exchange.proofs import ProofError, unbase64url
from drs_reference.exchange.ranges import Network, read_range
from drs_reference.exchange.rules import Outcome, Rule, RuleError, compile_rule
from drs_reference.exchange.stix_pattern import addresses

__all__ = ["VALIDITY_MAX", "check_content", "read_networks", "read_rule"]

VALIDITY_MAX = timedelta(days=30)
"""SIG-05."""
_DIGEST_BYTES = 32


def check_content(document: Mapping[str, Any], extension: Mapping[str, Any]) -> None:
    """Raise ``ObjectError`` unless times, evidence, selectors and proof fit; no plain identifiers.

    SIG-03, SIG-05, SIG-06; the rule and the ranges are judged where they are read.
    """
    _check_times(document, extension)
    _check_evidence(extension)
    if "revocation_reason" in extension and not document.get("revoked", False):
        raise ObjectError("content", "revocation_reason stands only in a revoked version")
    if (extension["scope"] == "request") != (extension["window_s"] == 0):
        raise ObjectError("content", "window_s must be 0 for the scope request and only for it")
    for entry in extension.get("selectors", ()):
        for value in entry["values"]:
            _check_digest(value)
    try:
        unbase64url(extension["proof"]["signature"])
    except ProofError as error:
        raise ObjectError("proof", str(error)) from error
    for leak in leaks(document):
        raise ObjectError("privacy", f"{leak.member} holds {leak.what}")


def read_rule(document: Mapping[str, Any], extension: Mapping[str, Any]) -> Rule | None:
    """The rule, within DRS-CEL and about what the signature is about; None for a STIX pattern.

    Raises ``ObjectError`` for the reasons ``rule``, ``content`` and ``networks`` (SIG-07).
    """
    attack_class = extension["attack_class"]
    if document["pattern_type"] == "stix":
        if attack_class != "network-range":
            raise ObjectError("content", f"{attack_class} has a rule in drs-cel, not in stix")
        ranges = read_networks(extension)
        for network in addresses(document["pattern"]):
            if network not in ranges:
                raise ObjectError("networks", f"pattern names {network}, which networks does not")
        return None
    declared = _declared(extension)
    try:
        rule = compile_rule(document["pattern"], declared)
    except RuleError as error:
        raise ObjectError("rule", str(error)) from error
    if rule.evaluate({}) is not Outcome.ERROR:
        raise ObjectError("rule", "the rule says the same of every request")
    if not _fits(attack_class, rule.variables, extension):
        raise ObjectError("content", f"nothing in it makes it a signature of {attack_class}")
    return rule


def read_networks(extension: Mapping[str, Any]) -> tuple[Network, ...]:
    """The ranges, each narrow and none twice. Raises ``ObjectError`` (``networks``)."""
    networks = tuple(read_range(entry["cidr"]) for entry in extension.get("networks", ()))
    if len(set(networks)) != len(networks):
        raise ObjectError("networks", "a range stands twice in networks")
    for entry in extension.get("networks", ()):
        moment(entry, "seen_until")
    return networks


def _check_times(document: Mapping[str, Any], extension: Mapping[str, Any]) -> None:
    begins, ends = moment(document, "valid_from"), moment(document, "valid_until")
    if ends <= begins:
        raise ObjectError("validity", "valid_until must be later than valid_from")
    if ends - begins > VALIDITY_MAX:
        raise ObjectError("validity", f"it is valid for {ends - begins}; 30 days are allowed")
    if moment(extension, "retention_until") < ends:
        raise ObjectError("validity", "retention_until must not lie before valid_until")
    if moment(document, "modified") < moment(document, "created"):
        raise ObjectError("order", "modified must not lie before created")


def _check_evidence(extension: Mapping[str, Any]) -> None:
    evidence = extension["evidence"]
    if moment(evidence, "last_seen") < moment(evidence, "first_seen"):
        raise ObjectError("evidence", "last_seen must not lie before first_seen")
    if evidence["requests"] < evidence["accounts"]:
        raise ObjectError("evidence", "there are fewer requests than accounts that sent them")
    for entry in extension.get("fingerprints", ()):
        if entry["accounts_min"] > evidence["accounts"]:
            raise ObjectError("evidence", "accounts_min is beyond the accounts of the evidence")


def _check_digest(value: str) -> None:
    try:
        size = len(unbase64url(value))
    except ProofError as error:
        raise ObjectError("selectors", f"a selector is {error}") from error
    if size != _DIGEST_BYTES:
        message = f"a selector has {size} bytes; an HMAC-SHA256 has {_DIGEST_BYTES}"
        raise ObjectError("selectors", message)


def _declared(extension: Mapping[str, Any]) -> dict[str, str]:
    known = registered_features()
    declared: dict[str, str] = {}
    for feature in extension.get("features", ()):
        name, kind = feature["name"], feature["type"]
        if name not in known:
            raise ObjectError("rule", f"the feature {name} is not in the registry")
        if kind != known[name]:
            raise ObjectError("rule", f"the feature {name} is of type {known[name]}; got {kind}")
        if name in declared:
            raise ObjectError("rule", f"the feature {name} is listed twice")
        if extension["scope"] == "request" and name.startswith("win."):
            raise ObjectError("rule", f"the scope request has no window that {name} could tell of")
        declared[name] = kind
    if "fingerprints" in extension:
        declared[CONTAINMENT] = known[CONTAINMENT]
    if "selectors" in extension:
        declared[MATCHED] = known[MATCHED]
    return declared


def _fits(attack_class: str, read: frozenset[str], extension: Mapping[str, Any]) -> bool:
    window = any(name.startswith("win.") for name in read)
    prompts = CONTAINMENT in read
    return {
        "prompt-structure": prompts,
        "literal": prompts,
        "network-range": "networks" in extension,
        "burst": window,
        "coverage": window or prompts,
        "account-linkage": MATCHED in read or window,
        "reasoning-elicitation": prompts or "req.asks_reasoning" in read,
        "logprob-harvesting": prompts or "req.asks_logprobs" in read,
    }[attack_class]
