"""What leaves a member: nothing that few accounts share, no identifiers, no words of users."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from drs_reference.exchange.privacy import leaks, publishable_fingerprints
from drs_reference.exchange.winnowing import fingerprints, written
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = bytes(range(32))
TEMPLATE = (
    "Rank the two answers below by the rubric of accuracy and clarity and then give one score"
)


def campaign(accounts: int) -> dict[str, list[str]]:
    return {
        f"a{n}": [f"{TEMPLATE} for item {n} {n * 7919}", f"private words of {n}"]
        for n in range(accounts)
    }


def test_what_fifty_accounts_share_may_be_published():
    found = publishable_fingerprints(campaign(50), ["an ordinary question"], KEY, 5, 4)
    assert written(found.values) & fingerprints(TEMPLATE, KEY, 5, 4)
    assert found.accounts_min == 50


def test_what_forty_nine_share_may_not():
    assert not publishable_fingerprints(campaign(49), [], KEY, 5, 4).values


def test_one_account_counts_once_however_often_it_asks():
    alone = {"a": [f"{TEMPLATE} {n}" for n in range(500)]}
    assert not publishable_fingerprints(alone, [], KEY, 5, 4).values


def test_what_the_benign_corpus_holds_anywhere_is_left_out():
    """Also a gram that winnowing would not choose there."""
    padded = f"Some teacher wrote: {TEMPLATE}! And a good deal more."
    left = publishable_fingerprints(campaign(60), [padded], KEY, 5, 4)
    own = fingerprints(TEMPLATE, KEY, 5, 4)
    assert not written(left.values) & own


def test_fewer_accounts_cannot_be_asked_for():
    with pytest.raises(ValueError, match="at least 50"):
        publishable_fingerprints(campaign(50), [], KEY, 5, 4, k_anonymity=49)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.integers(50, 55))
def test_every_published_fingerprint_keeps_the_rule(seed: int, k_anonymity: int):
    rng = Random(seed)
    pool = [" ".join(rng.choices("abcdefgh", k=12)) for _ in range(6)]
    texts = {f"a{n}": rng.choices(pool, k=2) for n in range(60)}
    benign = rng.choices(pool, k=1)
    found = publishable_fingerprints(texts, benign, KEY, 4, 3, k_anonymity)
    for value, count in found.accounts.items():
        holders = [
            account
            for account, sent in texts.items()
            if any(f"{value:016x}" in fingerprints(text, KEY, 4, 3) for text in sent)
        ]
        assert len(holders) == count >= k_anonymity
        assert not any(f"{value:016x}" in fingerprints(text, KEY, 4, 1) for text in benign)


def test_the_most_common_are_those_of_the_most_accounts():
    found = publishable_fingerprints(campaign(60), [], KEY, 5, 4)
    assert found.most_common(1).accounts_min == max(found.accounts.values())


def test_the_examples_leak_nothing(template: dict[str, Any]):
    assert leaks(template) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Asked by jo.doe@example.org",
        "mail jo+x@mail.example.co.uk, please",
        "from 203.0.113.9",
        "from 203.0.113.9:443",
        "range 10.0.0.0/8",
        "(2001:db8::17)",
        "from 2001:db8:0:0:0:0:0:17.",
        "mapped ::ffff:203.0.113.9",
        "call +49 30 1234567",
        "card 4242 4242 4242 4242",
        "id 123456789",
        'They ask "please rank these two answers now".',
        "They ask \u201cplease rank these two answers now\u201d.",
        "They ask 'please rank these two answers now'.",
        "Sie fragen \u201ebitte ordne diese zwei Antworten jetzt\u201c.",
        "Ils demandent \u00ab classez ces deux r\u00e9ponses ici \u00bb.",
        "They ask `please rank these two answers now`.",
    ],
)
def test_an_identifier_or_a_quotation_is_a_leak(template: dict[str, Any], text: str):
    (leak,) = leaks({**template, "description": text})
    assert leak.member == "description"
    assert leaks({**template, "name": text})[0].member == "name"


@pytest.mark.parametrize(
    "text",
    [
        "Version 1.2.3 of the tool, at 10:30 on 2026-11-09, in std::vector",
        "More than 90,211 requests of 431 accounts; 0.0003 of benign windows",
        "The \"grading\" template, and the campaign's second one in accounts' histories",
        "Rate @ scale: a/b at x@y",
    ],
)
def test_ordinary_prose_is_none(template: dict[str, Any], text: str):
    assert leaks({**template, "description": text}) == ()


def test_the_rule_is_looked_at_too(template: dict[str, Any]):
    found = leaks({**template, "pattern": "req.model == 'jo.doe@example.org'"})
    assert [leak.member for leak in found] == ["pattern"]
    assert leaks({**template, "pattern": "win.requests > 1000000000"}) == ()


def test_words_of_the_campaign_are_a_leak(template: dict[str, Any]):
    prompt = f"Hello. {TEMPLATE}, item 17"
    told = {**template, "description": "They send: Rank the TWO answers, below. Always."}
    (leak,) = leaks(told, ["something else entirely here", prompt])
    assert leak.member == "description"
    assert "rank" not in leak.what.lower()
    assert leaks(template, [prompt, "template", ""]) == ()
    assert leaks({**template, "name": "Secret plan nine"}, ["secret plan nine"])


@settings(deadline=None)
@given(st.text(max_size=200), st.lists(st.text(max_size=50), max_size=3))
def test_any_text_is_looked_through(text: str, forbidden: list[str]):
    document = {"name": "n", "description": text, "pattern": "true", "pattern_type": "drs-cel"}
    assert all(leak.member == "description" for leak in leaks(document, forbidden))
