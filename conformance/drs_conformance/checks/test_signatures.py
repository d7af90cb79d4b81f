"""Checks of the chapter Signatures (SIG)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_conformance.checks.drs_cel import OutsideProfile, require_within
from drs_conformance.checks.hub_objects import EXTENSION
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.peers import Peers
from drs_conformance.checks.requirement import Violation, expect, requirement

_STRONGEST = {
    "observe": "observed",
    "challenge": "observed",
    "throttle": "throttled",
    "perturb": "perturbed",
}
"""The state of the ladder that an account may reach on a signature, by its ``max_action``."""
_MATCHES = "fp.containment >= 0.6"
_OUTSIDE: Mapping[str, str] = {
    "a macro": f"{_MATCHES} && [1, 2].exists(n, n > 1)",
    "a function": f'{_MATCHES} && size("ab") == 2',
    "a regular expression": f'{_MATCHES} && "ab".matches("^a")',
    "a sum of strings": f'{_MATCHES} && "a" + "b" == "ab"',
    "a sum of lists": f"{_MATCHES} && 2 in [1] + [2]",
    "a variable that is not listed": f"{_MATCHES} && (true || req.asks_logprobs)",
    "operands of two types": f'{_MATCHES} && (true || "a" == 1)',
    "a result that is no truth value": f"{_MATCHES} ? 1 : 0",
    "more than 2048 bytes": f'{_MATCHES} && "{"é" * 1100}" != "a"',
    "more than 256 nodes": f"{_MATCHES} && {' && '.join(['(1 == 1 && 2 == 2)'] * 64)}",
    "more than 16 levels": f"{'!' * 18}({_MATCHES})",
}
"""Rules outside of DRS-CEL that would match if somebody evaluated them, by what is wrong."""


@requirement("SIG-07")
def test_rules_that_are_published_are_within_the_profile(lab: Lab) -> None:
    """What the lab has published so far is read."""
    found = [
        (document, answer)
        for document, answer in Peers(lab).published()
        if document.get("pattern_type") != "stix"
    ]
    for document, answer in found:
        try:
            require_within(str(document.get("pattern")), _declared(lab, document))
        except OutsideProfile as fault:
            raise Violation(
                f"the rule of {document.get('id')}, which the lab has published, is outside of "
                f"DRS-CEL: {fault}",
                answer,
                cause=str(document.get("pattern"))[:400],
            ) from fault
    lab.tried(found)


def _declared(lab: Lab, document: Mapping[str, Any]) -> dict[str, str]:
    """Return the types of the variables that a signature lists, as the registry has them."""
    types = {entry["variable"]: entry["type"] for entry in lab.registry("features")["entries"]}
    extension = document.get("extensions", {}).get(EXTENSION, {})
    names = {entry["name"] for entry in extension.get("features", ())}
    names |= {"fp.containment"} if "fingerprints" in extension else set()
    names |= {"sel.matched"} if "selectors" in extension else set()
    return {name: types[name] for name in names if name in types}


@requirement("SIG-07")
def test_rules_outside_of_the_profile_are_refused(lab: Lab) -> None:
    """Each would match what the account sends if it were evaluated."""
    peers = Peers(lab)
    prompts = {what: peers.prompt() for what in _OUTSIDE}
    signatures = [
        peers.signature(prompts[what], pattern=pattern) for what, pattern in _OUTSIDE.items()
    ]
    peers.put_in_force([*signatures, *(peers.confirmation(one) for one in signatures)])
    for what, prompt in prompts.items():
        seen = peers.provoke(prompt)
        expect(
            seen.standing == lab.ladder.initial,
            f"an account is {seen.standing} on a signature whose rule has {what}",
            seen,
            cause=_OUTSIDE[what][:400],
        )
    lab.tried(prompts)


@requirement("SIG-08")
def test_no_action_is_stronger_than_the_author_allows(lab: Lab) -> None:
    """Signatures for which two members stand, one for each action short of a block."""
    peers = Peers(lab)
    prompts = {action: peers.prompt() for action in _STRONGEST}
    signatures = [peers.signature(prompt, action) for action, prompt in prompts.items()]
    peers.put_in_force([*signatures, *(peers.confirmation(one) for one in signatures)])
    for action, prompt in prompts.items():
        peers.account.reset()
        seen = peers.provoke(prompt)
        expect(
            lab.ladder.ranks[seen.standing] <= lab.ladder.ranks[_STRONGEST[action]],
            f"an account is {seen.standing} on a signature that allows no more than {action}",
            seen,
        )
    lab.tried(prompts)
