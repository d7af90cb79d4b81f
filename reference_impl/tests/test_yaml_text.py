"""YAML that is read has one meaning, that of JSON."""

from __future__ import annotations

import pytest
import yaml
from drs_reference.yaml_text import load


def test_times_and_words_stay_what_they_are() -> None:
    text = "at: 2026-11-02T10:00:00Z\nday: 2026-11-02\nname: group-1\ncount: 3\n"
    expected = {"at": "2026-11-02T10:00:00Z", "day": "2026-11-02", "name": "group-1", "count": 3}
    assert load(text) == expected


def test_a_member_stands_once() -> None:
    with pytest.raises(yaml.YAMLError, match="revoked_at stands twice"):
        load("kid: a\nrevoked_at: x\nrevoked_at: y\n")


def test_aliases_do_not_multiply() -> None:
    """Nine lines of aliases of aliases would write out to a billion words."""
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(yaml.YAMLError, match="aliases are not read here"):
        load("\n".join(lines))
