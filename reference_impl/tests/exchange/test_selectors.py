"""Selectors: the vectors of the annex, and what counts as the same account detail."""

from __future__ import annotations

from typing import Any

import pytest
from drs_reference.exchange.selectors import KINDS, VALUE_MAX, normalised, selector
from drs_reference.standard import standard_root
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = bytes(range(32))


def test_the_vectors_of_the_annex(worked_examples: dict[str, Any]):
    for example in worked_examples["Selectors"]:
        assert selector(example["kind"], example["value"], KEY) == example["selector"]


def test_the_kinds_are_those_of_the_schema():
    text = (standard_root() / "schemas/0.1/signature-extension.schema.json").read_text("utf-8")
    assert all(f'"{kind}"' in text for kind in KINDS)


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("email", "A.Person+trial@Example.org", "a.person@example.org"),
        ("email", " a+b+c@x.example\n", "a@x.example"),
        ("email", '"odd@name"@x.example', '"odd@name"@x.example'),
        ("payment", "  Card 4242 ", "Card 4242"),
        ("payment", "\uff23ard\u00a04242", "Card 4242"),
        ("device", "\u212b", "\u00c5"),
        ("organisation", "\u3000\u682a\u5f0f\u4f1a\u793e ", "\u682a\u5f0f\u4f1a\u793e"),
        ("address", "203.0.113.77", "203.0.113.0/24"),
        ("address", "2001:DB8:0040:1::9", "2001:db8:40::/48"),
        ("address", "::ffff:203.0.113.77", "203.0.113.0/24"),
        ("address", "fe80::1%eth0", "fe80::/48"),
    ],
)
def test_values_are_normalised(kind: str, value: str, form: str):
    assert normalised(kind, value) == form
    assert selector(kind, value, KEY) == selector(kind, value, KEY)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "nobody"),
        ("email", "@example.org"),
        ("email", "a@"),
        ("email", "+tag@example.org"),
        ("address", "203.0.113.0/24"),
        ("address", "203.0.113.999"),
        ("address", ""),
        ("phone", "1"),
        ("device", "d" * (VALUE_MAX + 1)),
    ],
)
def test_what_is_none_of_its_kind_is_refused_and_not_repeated(kind: str, value: str):
    with pytest.raises(ValueError, match=r"a selector is|an address is|has|at most") as refused:
        selector(kind, value, KEY)
    assert len(value) < 2 or value not in str(refused.value)


@settings(deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.text(max_size=40))
def test_any_value_is_digested_or_refused(kind: str, value: str):
    try:
        made = selector(kind, value, KEY)
    except ValueError:
        return
    assert len(made) == 43
    assert selector(kind, value, b"another") != made


def test_the_kind_is_part_of_it():
    assert selector("payment", "x", KEY) != selector("device", "x", KEY)
