"""The file that names somebody else's teacher: what it must say, and what it must never hold."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from drs_reference.efficacy.attacks import ATTACKS, PASSIVE
from drs_reference.efficacy.foreign_file import FORM, ForeignError, ForeignTeacher
from hypothesis import given, settings
from hypothesis import strategies as st

KEYS = {"GOOD": "sk-good-0123456789", "BAD_1": "sk-bad-1", "BAD_2": "sk-bad-2", "BAD_3": "sk-bad-3"}
TOMORROW = str(datetime.now(UTC).date() + timedelta(days=1))
SAID: dict[str, Any] = {
    "base_url": "https://api.lab.example/v1",
    "model": "large-1",
    "authorised_by": "Jane Roe, Example Lab",
    "authorised_until": TOMORROW,
    "requests_max": 100,
    "concurrency_max": 4,
    "conditions": [
        {"name": "good standing", "key_variables": ["GOOD"], "baseline": True},
        {"name": "perturbed", "key_variables": ["BAD_1", "BAD_2", "BAD_3"]},
    ],
}


def read(folder: Path, document: Any, keys: dict[str, str] | None = None) -> ForeignTeacher:
    path = folder / "teacher.json"
    path.write_text(json.dumps(document), "utf-8")
    return ForeignTeacher.read(path, KEYS if keys is None else keys)


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "teacher.yaml"
    path.write_text(
        f"""\
base_url: https://api.lab.example/v1
model: large-1
authorised_by: Jane Roe, Example Lab
authorised_until: {TOMORROW}
requests_max: 100
concurrency_max: 4
conditions:
  - name: good standing
    key_variables: [GOOD]
    baseline: true
  - name: perturbed
    key_variables: [BAD_1, BAD_2, BAD_3]
""",
        "utf-8",
    )
    found = ForeignTeacher.read(path, KEYS)
    assert found == read(tmp_path, SAID)
    assert found.url == "https://api.lab.example/v1/chat/completions"
    assert (found.baseline, found.instruction) == ("good standing", FORM)
    good, bad = found.conditions
    assert good.attacks == ()
    plain = ATTACKS[PASSIVE].plan(6)
    assert all(ATTACKS[name].plan(6) == plain for name in bad.attacks)
    assert "sk-" not in repr(found)


@pytest.mark.parametrize("member", ["authorised_by", "authorised_until"])
def test_nothing_is_read_on_without_an_authorisation(tmp_path: Path, member: str) -> None:
    said = {name: value for name, value in SAID.items() if name != member}
    with pytest.raises(ForeignError, match=f"{member} must be a string.*; got nothing"):
        read(tmp_path, said, {})


def test_an_authorisation_lasts_to_the_end_of_its_last_day(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    found = read(tmp_path, SAID | {"authorised_until": str(today)})
    found.check_authorised(today)
    with pytest.raises(ForeignError, match="nothing is sent"):
        found.check_authorised(today + timedelta(days=1))
    old = read(tmp_path, SAID | {"authorised_until": "2026-01-01"})
    with pytest.raises(ForeignError, match="a day that has not passed; got 2026-01-01"):
        old.check_authorised()


@settings(deadline=None)
@given(st.dates(min_value=date(2020, 1, 1)), st.dates(min_value=date(2020, 1, 1)))
def test_no_day_after_the_last_one_is_authorised(last: date, today: date) -> None:
    found = ForeignTeacher("", "", "x", last, 1, 1, ())
    if today <= last:
        found.check_authorised(today)
    else:
        with pytest.raises(ForeignError):
            found.check_authorised(today)


CONDITION = SAID["conditions"][1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"requests_max": None}, "requests_max must be a whole number from 1"),
        ({"requests_max": 0}, "requests_max must be a whole number"),
        ({"concurrency_max": 1000}, "from 1 to 64; got the number 1000"),
        ({"authorised_until": "soon"}, "a day as 2026-12-31; got the string"),
        ({"conditions": []}, "an array of 1 to 20 conditions"),
        ({"api_key": "sk-secret"}, "api_key is unknown; known are answer_tokens_max"),
        ({"limit_member": "n"}, "one of max_tokens, max_completion_tokens"),
        ({"conditions": [CONDITION | {"attacks": ["guess"]}]}, "must be of deduplicate, .*'guess'"),
        ({"conditions": [CONDITION, CONDITION]}, "unlike every other name"),
        ({"conditions": [CONDITION, CONDITION | {"name": "other"}]}, "no other account has"),
        (
            {"conditions": [CONDITION | {"key_variables": ["GOOD"], "attacks": ["pooled-vote"]}]},
            "pooled-vote takes 3 key_variables; got 1",
        ),
        (
            {"conditions": [one | {"baseline": True} for one in SAID["conditions"]]},
            "true for one condition only",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    with pytest.raises(ForeignError, match=expected):
        read(tmp_path, SAID | change)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.lab.example/v1",
        "https://me:sk-secret@api.lab.example",
        "ftp://a",
        "https://a?k=s",
    ],
)
def test_keys_go_nowhere_unsafe(tmp_path: Path, url: str) -> None:
    with pytest.raises(ForeignError, match="base_url must begin with https") as caught:
        read(tmp_path, SAID | {"base_url": url})
    assert "secret" not in str(caught.value)


def test_a_key_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    condition = CONDITION | {"key_variables": ["sk-secret-0123456789"]}
    with pytest.raises(ForeignError, match="never keys") as caught:
        read(tmp_path, SAID | {"conditions": [condition]})
    assert "secret" not in str(caught.value)


def test_keys_come_from_the_environment_and_differ(tmp_path: Path) -> None:
    with pytest.raises(ForeignError, match=r"variable BAD_3 must hold a key .*; got nothing"):
        read(tmp_path, SAID, {name: key for name, key in KEYS.items() if name != "BAD_3"})
    with pytest.raises(ForeignError, match="got a value with other characters"):
        read(tmp_path, SAID, KEYS | {"GOOD": "two words"})
    with pytest.raises(ForeignError, match="two are equal"):
        read(tmp_path, SAID, KEYS | {"BAD_2": KEYS["BAD_1"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x [1]\nb: *x", "aliases are not read here"),
        ("model: a\nmodel: b", "model stands twice"),
        ("model: [sk-secret", "cannot be read as YAML"),
        ("#" * (1 << 17), "at most 65536 bytes"),
        ("- 1", "must be a JSON object"),
    ],
)
def test_files_that_are_no_such_document(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "teacher.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ForeignError, match=expected) as caught:
        ForeignTeacher.read(path, KEYS)
    assert "secret" not in str(caught.value)


def test_the_file_of_the_guide_can_be_used(tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "guides" / "own-stack.md"
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", guide.read_text("utf-8"), re.M | re.S)
    path = tmp_path / "teacher.yaml"
    path.write_text(re.sub(r"\d{4}-\d\d-\d\d", TOMORROW, text), "utf-8")
    keys = {name: f"sk-{name}" for name in re.findall(r"LAB_KEY_\w+", text)}
    assert len(ForeignTeacher.read(path, keys).keys) == 4
