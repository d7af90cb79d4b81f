"""All signatures in force as one set, and what of it a request matches.

A set does not change; a member compiles a new one beside its requests and puts it in place of the
old. Looked at are the signatures that share a fingerprint, a selector or a range with the request,
and those whose rule can match without any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from drs_reference.exchange.features import CONTAINMENT, MATCHED
from drs_reference.exchange.fingerprint_index import FingerprintIndex
from drs_reference.exchange.in_force import InForce, LeftOut, Prepared, prepared
from drs_reference.exchange.networks import NetworkSet
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.rules import Outcome
from drs_reference.exchange.selectors import selector
from drs_reference.exchange.signature import Signature

__all__ = ["Findings", "Generation", "Keys", "Match", "RequestFeatures"]

Keys = Mapping[tuple[str, int], bytes]
"""Keys of the trust group by key id and epoch."""
_REQUEST = ("request", 0)


@dataclass(frozen=True, slots=True)
class RequestFeatures:
    """A request as its host knows it; nothing of it is kept.

    ``details`` are of the account, by kind of selector; ``features`` the values of ``req.``;
    ``windows`` those of ``win.`` by scope and length in seconds. What is not in it, the host does
    not compute.
    """

    text: str = ""
    address: str | None = None
    details: Mapping[str, Sequence[str]] = field(default_factory=dict)
    features: Mapping[str, object] = field(default_factory=dict)
    windows: Mapping[tuple[str, int], Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A signature that matched, with what its rule could read of it."""

    signature: InForce
    containment: float
    selected: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What matched, and the ids of the signatures whose rule came to an error."""

    matches: tuple[Match, ...]
    errors: tuple[str, ...]


class Generation:
    """The compiled set. ``left_out`` says which signatures it could not take in, and why."""

    def __init__(self, signatures: Sequence[Prepared], left_out: tuple[LeftOut, ...]) -> None:
        self.left_out = left_out
        self._signatures = tuple(each.signature for each in signatures)
        numbered = list(enumerate(signatures))
        self._fingerprints = FingerprintIndex(
            (parameters, number, values)
            for number, each in numbered
            for parameters, values in each.fingerprints
        )
        self._networks = NetworkSet(
            (network, number) for number, each in numbered for network in each.networks
        )
        selected: dict[str, list[int]] = defaultdict(list)
        keys: dict[str, set[bytes]] = defaultdict(set)
        for number, each in numbered:
            for kind, key, values in each.selectors:
                keys[kind].add(key)
                for value in values:
                    selected[value].append(number)
        self._selected = {value: tuple(numbers) for value, numbers in selected.items()}
        self._selector_keys = {kind: tuple(sorted(known)) for kind, known in keys.items()}
        always: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number, signature in enumerate(self._signatures):
            if not signature.located and not signature.gated:
                always[signature.scope, signature.window_s].append(number)
        self._always = {scope: tuple(numbers) for scope, numbers in always.items()}

    @classmethod
    def compile(
        cls, signatures: Iterable[Signature], keys: Keys, shared: Sequence[Network] = ()
    ) -> Generation:
        """The set of the latest versions, those revoked aside; documents are not kept.

        ``shared`` are ranges that many users leave by; a signature that names one is left out
        (XCH-11).
        """
        return cls(*prepared(signatures, keys, shared))

    def __len__(self) -> int:
        return len(self._signatures)

    def match(self, request: RequestFeatures, now: datetime) -> Findings:
        """What the request matches of the signatures that are valid at ``now``."""
        contained = self._fingerprints.contained(request.text)
        selected = self._by_selectors(request)
        located = set(self._networks.lookup(request.address)) if request.address else set()
        looked_at = {*contained, *selected, *located}
        for scope in (_REQUEST, *request.windows):
            looked_at.update(self._always.get(scope, ()))
        matches: list[Match] = []
        errors: list[str] = []
        values: dict[tuple[str, int], dict[str, object]] = {}
        for number in sorted(looked_at):
            signature = self._signatures[number]
            scope = (signature.scope, signature.window_s)
            if not signature.valid_from <= now < signature.valid_until:
                continue
            if signature.located and number not in located:
                continue
            if scope != _REQUEST and scope not in request.windows:
                continue
            match = Match(
                signature,
                contained.get(number, 0) / max(signature.fingerprints, 1),
                number in selected,
            )
            if scope not in values:
                values[scope] = {**request.features, **request.windows.get(scope, {})}
            outcome = _outcome(match, values[scope])
            if outcome is Outcome.MATCH:
                matches.append(match)
            elif outcome is Outcome.ERROR:
                errors.append(signature.id)
        return Findings(tuple(matches), tuple(errors))

    def _by_selectors(self, request: RequestFeatures) -> set[int]:
        details = dict(request.details)
        if request.address:
            details["address"] = (*details.get("address", ()), request.address)
        found: set[int] = set()
        for kind, keys in self._selector_keys.items():
            for value in details.get(kind, ()):
                # What is no address of its kind is not that of anybody who is looked for.
                with suppress(ValueError):
                    for key in keys:
                        found.update(self._selected.get(selector(kind, value, key), ()))
        return found


def _outcome(match: Match, values: dict[str, object]) -> Outcome:
    rule = match.signature.rule
    if rule is None:
        return Outcome.MATCH
    values[CONTAINMENT] = match.containment
    values[MATCHED] = match.selected
    return rule.evaluate(values)
