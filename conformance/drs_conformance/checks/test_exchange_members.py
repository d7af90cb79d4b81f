"""Checks of the chapter Exchange (XCH) that a participant has to pass."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network

from drs_conformance.checks.hub_objects import stamp
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.peers import AUTHOR, REQUESTS, Peers
from drs_conformance.checks.requirement import Untestable, Violation, expect, requirement
from drs_conformance.target import WIDEST_RANGE


@requirement("XCH-08")
def test_revoked_signatures_are_not_acted_on(lab: Lab) -> None:
    """A signature works, its author revokes it, and within the stated time it works no more."""
    peers = Peers(lab)
    prompt = peers.prompt()
    signature = peers.signature(prompt)
    peers.put_in_force(peers.confirmed([signature]))
    acted = peers.provoke(prompt)
    if acted.standing == lab.ladder.initial:
        raise Untestable("the lab acts on one signature and not on another of its kind", acted)
    peers.publish([peers.revocation(signature)])
    revoked_at = lab.now()
    for _ in peers.within_effect_time():
        peers.account.reset()
        seen = peers.provoke(prompt)
        if seen.standing == lab.ladder.initial:
            passed = (lab.now() - revoked_at).total_seconds()
            lab.remark = (
                f"within {passed:.1f} s after the revocation it acted no more; the hours that the "
                "requirement allows are an upper bound"
            )
            return
    raise Violation(
        f"{peers.group['effect_s']} s after its revocation a signature is still acted on, "
        f"{REQUESTS} matching requests bring an account to {seen.standing}",
        seen,
    )


@requirement("XCH-09")
def test_nobody_is_blocked_on_one_members_word(lab: Lab) -> None:
    """Signatures that permit a block, for which no second member stands by evidence of its own."""
    peers = Peers(lab)
    prompts = {
        what: peers.prompt()
        for what in (
            "nobody else has said anything",
            "its author alone has confirmed it",
            "another member has confirmed it without evidence of its own",
            "another member has not decided",
        )
    }
    alone, again, hearsay, undecided = (
        peers.signature(prompt, max_action="block") for prompt in prompts.values()
    )
    peers.put_in_force(
        [
            *(alone, again, hearsay, undecided),
            peers.confirmation(again, by=AUTHOR),
            peers.confirmation(hearsay, independent=False),
            peers.confirmation(undecided, outcome="undecided"),
        ]
    )
    for what, prompt in prompts.items():
        peers.account.reset()
        seen = peers.provoke(prompt)
        expect(
            lab.ladder.ranks[seen.standing] < lab.ladder.ranks["suspended"],
            f"an account is {seen.standing} on a signature of which {what}",
            seen,
        )
    lab.tried(list(prompts))


@requirement("XCH-10")
def test_signatures_are_tried_on_benign_traffic_first(lab: Lab) -> None:
    """A signature of a prompt that is popular at the lab, which its author calls rare."""
    peers = Peers(lab)
    prompt = peers.group.get("benign_prompt")
    if prompt is None:
        raise Untestable(
            "the target file names no benign prompt",
            cause="Name one under `trust_group` that is at least a hundredth of the benign traffic "
            "on which the lab tries signatures.",
        )
    signature = peers.signature(prompt)
    peers.put_in_force(peers.confirmed([signature]))
    seen = peers.provoke(prompt)
    expect(
        seen.standing == lab.ladder.initial,
        f"{REQUESTS} requests with a prompt of the lab's own benign traffic bring an account to "
        f"{seen.standing}, on a signature whose author states a rate of 0.0003",
        seen,
    )


@requirement("XCH-11")
def test_wide_and_shared_ranges_are_refused(lab: Lab) -> None:
    """Signatures with ranges too wide, and with one that many users share; a rule narrows each."""
    peers = Peers(lab)
    shared = peers.group.get("shared_range")
    if shared is None:
        raise Untestable(
            "the target file names no network range that many users share",
            cause="Name one under `trust_group` from which the fresh personas speak.",
        )
    own = ip_network(shared)
    widest = WIDEST_RANGE[own.version]
    everywhere = "0.0.0.0/0" if isinstance(own, IPv4Network) else "::/0"
    ranges = (shared, str(own.supernet(new_prefix=widest - 1)), everywhere)
    prompts = {cidr: peers.prompt() for cidr in ranges}
    signatures = [
        peers.signature(
            prompt,
            networks=[{"cidr": cidr, "egress": "hosting", "seen_until": stamp(lab.now())}],
        )
        for cidr, prompt in prompts.items()
    ]
    peers.put_in_force(peers.confirmed(signatures))
    for cidr, prompt in prompts.items():
        peers.account.reset()
        seen = peers.provoke(prompt)
        expect(
            seen.standing == lab.ladder.initial,
            f"an account is {seen.standing} on a signature with the range {cidr}, "
            + ("which the lab knows to be shared" if cidr == shared else f"wider than /{widest}"),
            seen,
        )
    lab.tried(ranges)
    lab.remark = f"seen for IPv{own.version}, which the personas speak"
