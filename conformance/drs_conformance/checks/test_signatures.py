"""Checks of the chapter Signatures (SIG)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from drs_conformance.checks.drs_cel import OutsideProfile, require_within
from drs_conformance.checks.hub_objects import EXTENSION
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.peers import Peers
from drs_conformance.checks.plain_text import plain_text_in
from drs_conformance.checks.requirement import Untestable, Violation, expect, requirement
from drs_conformance.specification.formats import moment

_STRONGEST = {
    "observe": "observed",
    "challenge": "observed",
    "throttle": "throttled",
    "perturb": "perturbed",
}
"""The state of the ladder that an account may reach on a signature, by its ``max_action``."""
_VALIDITY_MAX = timedelta(days=30)
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


@requirement("SIG-01")
def test_published_signatures_are_valid(lab: Lab) -> None:
    """What the lab has published so far is held against the schema of signatures."""
    found = Peers(lab).published()
    for document, answer in found:
        faults = lab.faults(document, "signature")
        expect(
            not faults,
            f"{document.get('id')}, which the lab has published, is no signature: "
            f"{'; '.join(faults)}",
            answer,
        )
    lab.tried(found)


@requirement("SIG-03")
def test_published_signatures_hold_no_plain_text(lab: Lab) -> None:
    """Words of the prompt of the campaign that was made for the test, addresses, identifiers."""
    peers = Peers(lab)
    prompt = peers.group.get("campaign_prompt")
    if prompt is None:
        raise Untestable(
            "the target file names no prompt of a campaign of which the lab published a signature",
            cause="Make a campaign for the test, and name a prompt of it under `trust_group`.",
        )
    found = peers.published()
    for document, answer in found:
        held = "; ".join(plain_text_in(document, prompt))
        expect(
            not held,
            f"{document.get('id')}, which the lab has published, holds plain text: {held}",
            answer,
        )
    lab.tried(found)


@requirement("SIG-05")
def test_published_signatures_end(lab: Lab) -> None:
    """What the lab has published so far ends in time, and copies of it do."""
    found = Peers(lab).published()
    for document, answer in found:
        extension = document.get("extensions", {}).get(EXTENSION, {})
        begins, ends, kept = (
            _moment(holder, name)
            for holder, name in (
                (document, "valid_from"),
                (document, "valid_until"),
                (extension, "retention_until"),
            )
        )
        what = f"{document.get('id')}, which the lab has published,"
        expect(begins is not None and ends is not None, f"{what} does not say when it ends", answer)
        expect(kept is not None, f"{what} does not say until when copies may be kept", answer)
        if begins is not None and ends is not None:
            lasts = ends - begins
            expect(
                lasts <= _VALIDITY_MAX,
                f"{what} is valid for {lasts.total_seconds() / 86400:.1f} days, at most 30 are "
                "allowed",
                answer,
            )
    lab.tried(found)


def _moment(holder: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return moment(holder[name])
    except (KeyError, TypeError, ValueError):
        return None


@requirement("SIG-07")
def test_rules_are_within_the_profile(lab: Lab) -> None:
    """What the lab has published so far is read; what it must not evaluate would match."""
    peers = Peers(lab)
    try:
        read = _read_published(peers)
        unread = None
    except Untestable as fault:
        read, unread = 0, fault
    refused = _send_rules_outside(peers)
    if unread is not None:
        raise unread
    lab.tried(range(read + refused))


def _read_published(peers: Peers) -> int:
    """Expect each rule that the lab has published to be in DRS-CEL; return how many there are."""
    found = [
        (document, answer)
        for document, answer in peers.published()
        if document.get("pattern_type") != "stix"
    ]
    for document, answer in found:
        try:
            require_within(str(document.get("pattern")), _declared(peers.lab, document))
        except OutsideProfile as fault:
            raise Violation(
                f"the rule of {document.get('id')}, which the lab has published, is outside of "
                f"DRS-CEL: {fault}",
                answer,
                cause=str(document.get("pattern"))[:400],
            ) from fault
    return len(found)


def _declared(lab: Lab, document: Mapping[str, Any]) -> dict[str, str]:
    """Return the types of the variables that a signature lists, as the registry has them."""
    types = {entry["variable"]: entry["type"] for entry in lab.registry("features")["entries"]}
    extension = document.get("extensions", {}).get(EXTENSION, {})
    names = {entry["name"] for entry in extension.get("features", ())}
    names |= {"fp.containment"} if "fingerprints" in extension else set()
    names |= {"sel.matched"} if "selectors" in extension else set()
    return {name: types[name] for name in names if name in types}


def _send_rules_outside(peers: Peers) -> int:
    """Expect no action on rules outside of DRS-CEL; return how many were published."""
    prompts = {what: peers.prompt() for what in _OUTSIDE}
    signatures = [
        peers.signature(prompts[what], pattern=pattern) for what, pattern in _OUTSIDE.items()
    ]
    peers.put_in_force(peers.confirmed(signatures))
    for what, prompt in prompts.items():
        seen = peers.provoke(prompt)
        expect(
            seen.standing == peers.lab.ladder.initial,
            f"an account is {seen.standing} on a signature whose rule has {what}",
            seen,
            cause=_OUTSIDE[what][:400],
        )
    return len(prompts)


@requirement("SIG-08")
def test_no_action_is_stronger_than_the_author_allows(lab: Lab) -> None:
    """Signatures for which two members stand, one for each action short of a block."""
    peers = Peers(lab)
    prompts = {action: peers.prompt() for action in _STRONGEST}
    signatures = [peers.signature(prompt, action) for action, prompt in prompts.items()]
    peers.put_in_force(peers.confirmed(signatures))
    for action, prompt in prompts.items():
        peers.account.reset()
        seen = peers.provoke(prompt)
        expect(
            lab.ladder.ranks[seen.standing] <= lab.ladder.ranks[_STRONGEST[action]],
            f"an account is {seen.standing} on a signature that allows no more than {action}",
            seen,
        )
    lab.tried(list(prompts))
