"""Signatures made ready for matching: their latest versions, with the keys that they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from drs_reference.exchange.features import CONTAINMENT, MATCHED
from drs_reference.exchange.fingerprint_index import PARAMETERS_MAX, Parameters
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.rules import Outcome, Rule
from drs_reference.exchange.signature import Signature
from drs_reference.exchange.winnowing import Hashes

__all__ = ["InForce", "LeftOut", "Prepared", "prepared"]


@dataclass(frozen=True, slots=True)
class InForce:
    """What of a signature is needed to match it and to act on a match.

    ``rule`` is None where its ranges alone decide. ``fingerprints`` counts them. ``located`` says
    that it matches only in its ranges, ``gated`` that it cannot match without a fingerprint or a
    selector.
    """

    id: str
    author: str
    seq: int
    attack_class: str
    scope: str
    window_s: int
    max_action: str
    confidence: int
    valid_from: datetime
    valid_until: datetime
    rule: Rule | None
    fingerprints: int
    located: bool
    gated: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A signature that is not matched, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signature and what finds it; selectors are of a kind, a key and the values."""

    signature: InForce
    fingerprints: tuple[tuple[Parameters, Hashes], ...]
    selectors: tuple[tuple[str, bytes, frozenset[str]], ...]
    networks: tuple[Network, ...]


def prepared(
    signatures: Iterable[Signature],
    keys: Mapping[tuple[str, int], bytes],
    shared: Sequence[Network],
) -> tuple[tuple[Prepared, ...], tuple[LeftOut, ...]]:
    """The latest version of each signature, and those that cannot be matched.

    The order of ``signatures`` does not matter; each is read once, so that they may come from a
    store one by one.
    """
    latest: dict[str, tuple[int, Prepared | LeftOut | None]] = {}
    rules: dict[str, Rule] = {}
    for signature in signatures:
        held = latest.get(signature.id)
        if held is None or held[0] < signature.seq:
            made = None if signature.revoked else _prepared(signature, keys, shared, rules)
            latest[signature.id] = (signature.seq, made)
    made_ready = [made for _, made in latest.values()]
    left_out = [made for made in made_ready if isinstance(made, LeftOut)]
    ready = [made for made in made_ready if isinstance(made, Prepared)]
    common = _common(ready)
    rare = {
        each.signature.id
        for each in ready
        if not common.issuperset(parameters for parameters, _ in each.fingerprints)
    }
    reason = f"its fingerprints are not made in one of the {PARAMETERS_MAX} most common ways"
    left_out += [LeftOut(identifier, reason) for identifier in sorted(rare)]
    ready = [each for each in ready if each.signature.id not in rare]
    return tuple(ready), tuple(left_out)


def _common(signatures: Iterable[Prepared]) -> frozenset[Parameters]:
    """The ways of fingerprinting that most authors use, so that one of them cannot crowd others."""
    authors: dict[Parameters, set[str]] = defaultdict(set)
    for each in signatures:
        for parameters, _ in each.fingerprints:
            authors[parameters].add(each.signature.author)
    ranked = sorted(authors, key=lambda parameters: (-len(authors[parameters]), parameters))
    return frozenset(ranked[:PARAMETERS_MAX])


def _prepared(
    signature: Signature,
    keys: Mapping[tuple[str, int], bytes],
    shared: Sequence[Network],
    rules: dict[str, Rule],
) -> Prepared | LeftOut:
    crowded = next((n for n in signature.networks if any(n.overlaps(s) for s in shared)), None)
    if crowded is not None:
        return LeftOut(signature.id, f"many users leave by its range {crowded}")
    fingerprints = tuple(
        (
            Parameters(keys[entry.key_id, entry.epoch], entry.k, entry.w),
            np.fromiter(entry.values, np.uint64, len(entry.values)),
        )
        for entry in signature.fingerprints
        if (entry.key_id, entry.epoch) in keys
    )
    selectors = tuple(
        (entry.kind, keys[entry.key_id, entry.epoch], entry.values)
        for entry in signature.selectors
        if (entry.key_id, entry.epoch) in keys
    )
    read = frozenset() if signature.rule is None else signature.rule.variables
    if CONTAINMENT in read and not fingerprints:
        return LeftOut(signature.id, "no key of its fingerprints is at hand")
    if MATCHED in read and not selectors:
        return LeftOut(signature.id, "no key of its selectors is at hand")
    return Prepared(_in_force(signature, rules), fingerprints, selectors, signature.networks)


def _in_force(signature: Signature, rules: dict[str, Rule]) -> InForce:
    rule = signature.rule
    if rule is not None:
        # Many signatures have one rule; it is kept once.
        rule = rules.setdefault(rule.text, rule)
    nothing = {CONTAINMENT: 0.0, MATCHED: False}
    return InForce(
        id=signature.id,
        author=signature.author,
        seq=signature.seq,
        attack_class=signature.attack_class,
        scope=signature.scope,
        window_s=signature.window_s,
        max_action=signature.max_action,
        confidence=signature.confidence,
        valid_from=signature.valid_from,
        valid_until=signature.valid_until,
        rule=rule,
        fingerprints=sum(len(entry.values) for entry in signature.fingerprints),
        located=bool(signature.networks),
        gated=rule is not None and rule.evaluate(nothing) is Outcome.NO_MATCH,
    )
