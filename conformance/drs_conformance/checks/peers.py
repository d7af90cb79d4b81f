"""Peers of a participant in its trust group, and what the lab does on what they publish.

Whether the lab has taken in what was published is seen by a last signature, the marker: the lab
reads the collection in its order, so once it acts on the marker it has judged all that stands
before (chapter Exchange, Participants under test).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from drs_conformance.checks.fingerprints import fingerprints
from drs_conformance.checks.hub import Hub
from drs_conformance.checks.hub_objects import (
    EXTENSION,
    SIGHTING_TYPE,
    Document,
    identifier,
    sighting,
    signature,
    stamp,
    version,
)
from drs_conformance.checks.lab import Lab
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.scheduling.leases import Fresh, Step
from drs_conformance.verdicts import Untestable, Violation

__all__ = ["AUTHOR", "OTHER", "REQUESTS", "Peers"]

AUTHOR, OTHER = "peer-1", "peer-2"
REQUESTS = 4
"""Matching requests of an account on which a participant under test acts, at most."""
_K, _W = 5, 4
_WORDS_OF_PROMPT = 40
_VALIDITY = timedelta(hours=1)
_PAGES_MAX = 50
_SETTLE_S = 0.3
"""For evidence that does not wait for the answer."""
_WORDS = (
    *("amber", "basin", "candle", "delta", "ember", "falcon", "garnet", "harbour"),
    *("island", "jasper", "kettle", "lantern", "marble", "nectar", "orchid", "pepper"),
    *("quarry", "raven", "saddle", "timber", "umbra", "velvet", "walnut", "yonder"),
    *("zephyr", "anchor", "beacon", "copper", "dagger", "engine", "fossil", "goblet"),
)


class Peers:
    """The members for which the suite speaks, and one account at the lab that sends prompts."""

    def __init__(self, lab: Lab) -> None:
        """Raises `Untestable` when the target file names no trust group."""
        group = lab.target.trust_group
        if group is None:
            raise Untestable(
                "the target file names no trust group in which the lab takes part",
                cause="Let the lab join a trust group for tests, and describe it under "
                "`trust_group` with two members whose keys the suite gets.",
            )
        self.lab = lab
        self.group = group
        self._hub = Hub(lab, group)
        self._made = 0
        self.account: Fresh = lab.fresh()
        self._began = lab.now()

    # -- what peers publish

    def prompt(self) -> str:
        """Return a prompt that nobody has sent before; no two share a fingerprint."""
        words: list[str] = []
        while len(words) < _WORDS_OF_PROMPT:
            source = f"{self._name()}:{len(words)}"
            words += [
                _WORDS[byte % len(_WORDS)] for byte in hashlib.sha256(source.encode()).digest()
            ]
        return f"Put these words into an order: {' '.join(words[:_WORDS_OF_PROMPT])}"

    def signature(self, prompt: str, max_action: str = "throttle", **changes: Any) -> Document:
        """Return a signature of a prompt by `AUTHOR`, proven; ``changes`` as in `version`."""
        now = self.lab.now()
        author = self.group["members"][AUTHOR]["identity"]
        draft = signature(identifier("indicator", self._name()), author, now)
        extension = draft["extensions"][EXTENSION]
        del extension["features"]
        key = self.group["group_key"]
        extension["fingerprints"] = [
            {
                "algorithm": "winnowing-blake2b",
                "k": _K,
                "w": _W,
                "key_id": key["key_id"],
                "epoch": key["epoch"],
                "values": list(fingerprints(prompt, bytes.fromhex(key["key"]), _K, _W)),
                "accounts_min": 60,
            }
        ]
        extension |= {"attack_class": "prompt-structure", "scope": "request", "window_s": 0}
        draft["pattern"] = "fp.containment >= 0.6"
        draft["valid_until"] = stamp(now + _VALIDITY)
        return self._hub.prove(version(draft, max_action=max_action, **changes), AUTHOR)

    def confirmation(self, of: Mapping[str, Any], by: str = OTHER, **changes: Any) -> Document:
        """Return a sighting that confirms a signature, proven; ``changes`` are to its extension."""
        name, author = identifier("sighting", self._name()), self.group["members"][by]["identity"]
        draft = sighting(name, author, of, self.lab.now(), **changes)
        return self._hub.prove(draft, by, payload_type=SIGHTING_TYPE)

    def confirmed(self, signatures: Sequence[Document]) -> list[Document]:
        """Return signatures, and for each a confirmation by the other peer."""
        return [*signatures, *(self.confirmation(one) for one in signatures)]

    def revocation(self, of: Mapping[str, Any]) -> Document:
        """Return the version of a signature with which its author revokes it, proven."""
        seq = of["extensions"][EXTENSION]["seq"] + 1
        modified = stamp(self.lab.now())
        changes = {"modified": modified, "seq": seq, "revocation_reason": "error"}
        return self._hub.prove(version(of, revoked=True, **changes), AUTHOR)

    def publish(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Publish signatures and sightings, each by its author, in their order."""
        names = {member["identity"]: name for name, member in self.group["members"].items()}
        for one in objects:
            author = names[one["created_by_ref"]]
            try:
                answer = self._hub.post([one], author)
                posted = self._hub.outcome(answer, author)
            except Violation as fault:
                raise Untestable(f"the hub cannot be used: {fault.summary}") from fault
            if posted is None or posted.taken != [one["id"]]:
                raise Untestable(
                    "the hub did not take what a peer has proven, so the lab never got it",
                    answer,
                    cause="Let the lab take part in a group for tests, whose hub delivers what "
                    f"members have to refuse too. It said: {answer.text()[:200]}",
                )

    def put_in_force(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Publish, and wait until the lab acts on a marker that was published after.

        Raises `Untestable` when it acts on nothing in the time that the target file states, or on
        prompts that no signature describes.
        """
        if self.provoke(self.prompt()).standing != self.lab.ladder.initial:
            raise Untestable("the lab moves accounts for prompts that no signature describes")
        prompt = self.prompt()
        marker = self.signature(prompt)
        self.publish([*objects, *self.confirmed([marker])])
        for _ in self.within_effect_time():
            if self.provoke(prompt).standing != self.lab.ladder.initial:
                self.account.reset()
                return
        raise Untestable(
            f"within {self.group['effect_s']} s the lab acts on no signature, although two members "
            f"stand for it and {REQUESTS} requests match it",
            cause="Only where a lab acts can be seen on what it does not act. State more seconds "
            "under `effect_s`, or let test accounts be acted on as others are.",
        )

    def published(self) -> list[tuple[Document, Exchange]]:
        """Return every version of a signature that the lab has published, and what shows it."""
        identity = self.group.get("identity")
        if identity is None:
            raise Untestable(
                "the target file does not say who the lab is in the exchange",
                cause="Name its identity under `trust_group`.",
            )
        query = {"match[type]": "indicator", "match[version]": "all"}
        try:
            found = [
                (one, answer)
                for answer, page, _ in self._hub.pages(query, _PAGES_MAX, AUTHOR)
                for one in page
                if isinstance(one, dict) and one.get("created_by_ref") == identity
            ]
        except Violation as fault:
            raise Untestable(f"the hub cannot be used: {fault.summary}") from fault
        if not found:
            raise Untestable(
                "the lab has published no signature in the group",
                cause="Let it publish one of a campaign that was made for the test.",
            )
        return found

    # -- what the lab does

    def within_effect_time(self) -> Iterator[None]:
        """Yield again and again until the time stated in the target file is over."""
        end = self.lab.now() + timedelta(seconds=self.group["effect_s"])
        yield
        while self.lab.now() <= end:
            yield

    def provoke(self, prompt: str) -> Step:
        """Send matching requests from the account; return its true state afterwards."""
        for number in range(REQUESTS):
            chat = ChatRequest((("user", prompt),), max_tokens=1)
            answer = self.lab.ask(chat, self.account.name)
            # Whoever is measured may be refused; before that a prompt has to be taken.
            if number == 0 and answer.status != 200:
                raise Untestable(f"a prompt was answered {answer.status}, expected 200", answer)
        self.lab.pause(_SETTLE_S)
        return self.account.truth()

    def _name(self) -> str:
        """Return a text that stands for something new in each run."""
        self._made += 1
        return f"{self.lab.key('peers')}:{self._made}:{self._began}"
