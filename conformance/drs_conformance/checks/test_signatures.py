"""Checks of the chapter Signatures (SIG)."""

from __future__ import annotations

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.peers import Peers
from drs_conformance.checks.requirement import expect, requirement

_STRONGEST = {
    "observe": "observed",
    "challenge": "observed",
    "throttle": "throttled",
    "perturb": "perturbed",
}
"""The state of the ladder that an account may reach on a signature, by its ``max_action``."""


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
