"""From a campaign that was detected to a signature that may be published, in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drs_reference.exchange.authoring import Draft, Evidence, build_signature
from drs_reference.exchange.benign import BenignSample
from drs_reference.exchange.false_positives import tried_on_benign
from drs_reference.exchange.privacy import publishable_fingerprints
from drs_reference.exchange.signature import FingerprintSet, Signature
from drs_reference.exchange.winnowing import chosen, gram_hashes
from drs_reference.exchange.words import words
from drs_reference.signing import Signer

__all__ = ["Campaign", "GroupKey", "NotPublishableError", "Terms", "campaign_signature"]

_VALUES_MAX = 4096
_LEAST_CONTAINMENT = 0.1
_STEPS = 20
_QUANTILE = 0.1


class NotPublishableError(Exception):
    """A campaign makes no signature that may be published; the message says why."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was detected: prompts by account, from the first request to the last."""

    texts_by_account: Mapping[str, Sequence[str]]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The key of the trust group in an epoch, and how its members make fingerprints."""

    key: bytes
    key_id: str
    epoch: int
    k: int = 5
    w: int = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """What the author decides. ``condition`` is DRS-CEL that must hold beside the fingerprints."""

    name: str
    description: str
    max_action: str
    confidence: int
    condition: str = ""
    scope: str = "request"
    window_s: int = 0
    false_positive_max: float = 0.001
    tlp: str = "TLP:AMBER"
    validity: timedelta = timedelta(days=14)


def campaign_signature(
    campaign: Campaign,
    benign: BenignSample,
    group: GroupKey,
    terms: Terms,
    signer: Signer,
    author: str,
    now: datetime,
) -> Signature:
    """The signature of the templates that a campaign's accounts have in common.

    Its rule asks for the containment that nine in ten of the campaign's prompts reach. Raises
    ``NotPublishableError`` where fewer than 50 accounts share anything that the benign corpus lacks
    (SIG-04) or the rule matches too much of that corpus, and ``SignatureError``.
    """
    if not benign.lines:
        raise NotPublishableError("without benign windows no rate of false positives is known")
    common = publishable_fingerprints(
        campaign.texts_by_account,
        (line.text for line in benign.lines),
        group.key,
        group.k,
        group.w,
    ).most_common(_VALUES_MAX)
    if not common.accounts:
        raise NotPublishableError(
            "no fingerprint was seen in at least 50 accounts and in none of the benign corpus"
        )
    least, seen = _threshold(campaign, common.values, group)
    pattern = f"fp.containment >= {least:.2f}"
    if terms.condition:
        pattern += f" && ({terms.condition})"
    fingerprints = FingerprintSet(
        group.key_id, group.epoch, group.k, group.w, common.values, common.accounts_min
    )
    draft = Draft(
        name=terms.name,
        description=terms.description,
        attack_class="prompt-structure",
        pattern=pattern,
        max_action=terms.max_action,
        confidence=terms.confidence,
        evidence=Evidence(
            accounts=sum(max(shares, default=0.0) >= least for shares in seen.values()),
            requests=sum(share >= least for shares in seen.values() for share in shares),
            first_seen=campaign.first_seen,
            last_seen=campaign.last_seen,
            # The most, until it was tried.
            false_positive_rate=1.0,
            benign_windows=len(benign.lines),
            benign_corpus=benign.statement,
        ),
        scope=terms.scope,
        window_s=terms.window_s,
        fingerprints=(fingerprints,),
        tlp=terms.tlp,
        validity=terms.validity,
    )
    evidence = _tried(build_signature(draft, signer, author, now), draft.evidence, benign, group)
    if evidence.false_positive_rate > terms.false_positive_max:
        raise NotPublishableError(
            f"up to {evidence.false_positive_rate:.2g} of benign windows match, of "
            f"{evidence.benign_windows} tried; {terms.false_positive_max:g} is the most"
        )
    draft = replace(draft, evidence=evidence)
    texts = (text for texts in campaign.texts_by_account.values() for text in texts)
    return build_signature(draft, signer, author, now, forbidden=texts)


def _threshold(
    campaign: Campaign, values: frozenset[int], group: GroupKey
) -> tuple[float, Mapping[str, Sequence[float]]]:
    """The containment to ask for, in steps of 0.05, and that of each prompt by account."""
    seen = {
        account: [_containment(values, text, group) for text in texts]
        for account, texts in campaign.texts_by_account.items()
    }
    alike = sorted(
        share for shares in seen.values() for share in shares if share >= _LEAST_CONTAINMENT
    )
    if not alike:
        raise NotPublishableError(
            f"no prompt contains {_LEAST_CONTAINMENT:.0%} of the fingerprints: the campaign uses "
            "many templates; make a signature of each"
        )
    return math.floor(alike[int(_QUANTILE * len(alike))] * _STEPS) / _STEPS, seen


def _containment(values: frozenset[int], text: str, group: GroupKey) -> float:
    """The share of fingerprints that a text contains."""
    own = set(chosen(gram_hashes(words(text), group.key, group.k), group.w).tolist())
    return len(values & own) / len(values)


def _tried(
    signature: Signature, evidence: Evidence, benign: BenignSample, group: GroupKey
) -> Evidence:
    """The evidence with what a trial says, which is the one that members hold a signature to."""
    keys = {(group.key_id, group.epoch): group.key}
    counted, _ = tried_on_benign([signature], benign.lines, keys, (), signature.valid_from)
    found = counted[signature.id]
    if not found.windows:
        raise NotPublishableError("no line of the benign sample has what the rule looks at")
    return replace(evidence, false_positive_rate=found.rate_bound, benign_windows=found.windows)
