"""From a campaign that was detected to a signature that may be published, in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drs_reference.exchange.authoring import Draft, Evidence, build_signature
from drs_reference.exchange.false_positives import BenignWindow, Prints, tried_on_benign
from drs_reference.exchange.features import registered_features
from drs_reference.exchange.privacy import publishable_fingerprints
from drs_reference.exchange.rule_tokens import RuleError
from drs_reference.exchange.rules import compile_rule
from drs_reference.exchange.signature import FingerprintSet, Signature, SignatureError
from drs_reference.signing import Signer

__all__ = ["Benign", "Campaign", "GroupKey", "NotPublishableError", "Terms", "campaign_signature"]

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
class Benign:
    """The declared benign corpus; ``statement`` is the digest of the document about it."""

    windows: Sequence[BenignWindow]
    statement: str


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
    benign: Benign,
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
    if not benign.windows:
        raise NotPublishableError("without benign windows no rate of false positives is known")
    common = publishable_fingerprints(
        campaign.texts_by_account,
        (text for window in benign.windows for text in window.texts),
        group.key,
        group.k,
        group.w,
    ).most_common(_VALUES_MAX)
    if not common.accounts:
        raise NotPublishableError(
            "no fingerprint was seen in at least 50 accounts and in none of the benign corpus"
        )
    prints = Prints(common.values, group.key, group.k, group.w)
    least, seen = _threshold(campaign, prints)
    pattern = f"fp.containment >= {least:.2f}"
    if terms.condition:
        pattern += f" && ({terms.condition})"
    evidence = _evidence(campaign, benign, prints, pattern, least, seen)
    if evidence.false_positive_rate > terms.false_positive_max:
        raise NotPublishableError(
            f"up to {evidence.false_positive_rate:.2g} of benign windows match, of "
            f"{evidence.benign_windows} tried; {terms.false_positive_max:g} is the most"
        )
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
        evidence=evidence,
        scope=terms.scope,
        window_s=terms.window_s,
        fingerprints=(fingerprints,),
        tlp=terms.tlp,
        validity=terms.validity,
    )
    texts = (text for texts in campaign.texts_by_account.values() for text in texts)
    return build_signature(draft, signer, author, now, forbidden=texts)


def _threshold(campaign: Campaign, prints: Prints) -> tuple[float, Mapping[str, Sequence[float]]]:
    """The containment to ask for, in steps of 0.05, and that of each prompt by account."""
    seen = {
        account: [prints.containment(text) for text in texts]
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


def _evidence(
    campaign: Campaign,
    benign: Benign,
    prints: Prints,
    pattern: str,
    least: float,
    seen: Mapping[str, Sequence[float]],
) -> Evidence:
    try:
        rule = compile_rule(pattern, registered_features())
    except RuleError as error:
        raise SignatureError("rule", f"{pattern}: {error}") from error
    tried = tried_on_benign(rule, prints, benign.windows)
    return Evidence(
        accounts=sum(max(shares, default=0.0) >= least for shares in seen.values()),
        requests=sum(share >= least for shares in seen.values() for share in shares),
        first_seen=campaign.first_seen,
        last_seen=campaign.last_seen,
        false_positive_rate=tried.rate_bound,
        benign_windows=tried.windows,
        benign_corpus=benign.statement,
    )
