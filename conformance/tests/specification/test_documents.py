"""Files are read strictly, and every refusal says where."""

import json
import re

import pytest
from drs_conformance.specification import documents
from drs_conformance.specification.documents import DocumentError, load_document, read_document
from drs_conformance.specification.json_text import parse_json
from drs_conformance.specification.pointers import join
from drs_conformance.specification.yaml_text import parse_yaml
from hypothesis import assume, given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def pointers(value, parts=()):
    yield join(parts)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from pointers(inner, (*parts, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from pointers(inner, (*parts, index))


@given(VALUES, st.sampled_from([None, 2]))
def test_json_comes_back_with_a_position_for_every_part(value, indent):
    document = parse_json(json.dumps(value, indent=indent), file="f")

    assert document.value == value
    assert set(document.positions) == set(pointers(value))


@given(VALUES)
def test_json_that_is_yaml_reads_the_same_and_has_the_same_lines(value):
    text = json.dumps(value, indent=2)
    # YAML has no pairs of escapes for one character.
    assume(not re.search(r"\\ud[89ab]", text))
    as_json, as_yaml = parse_json(text, file="f"), parse_yaml(text, file="f")

    assert as_yaml.value == as_json.value
    assert dict(as_yaml.positions) == dict(as_json.positions)


def read(parse, text):
    """Return the value, or the error with which the text is refused."""
    try:
        return parse(text, file="f").value
    except DocumentError as error:
        return error


@given(st.text(max_size=30) | st.text('[]{}:,"\\/u0019ae.-+ \ntrfsln', max_size=20))
def test_any_text_is_json_or_refused(text):
    result = read(parse_json, text)
    try:
        expected = json.loads(text)
    except ValueError:
        assert isinstance(result, DocumentError)
    else:
        reasons = ("again", "surrogate", "double", "NaN", "Infinity")
        assert result == expected or any(reason in str(result) for reason in reasons)


@given(st.text(max_size=30) | st.text("[]{}:,\"'\\?!&*|>-#%@`~ab1\n ", max_size=20))
def test_any_text_is_yaml_or_refused(text):
    result = read(parse_yaml, text)
    if isinstance(result, DocumentError):
        assert result.line >= 1
        assert result.column >= 1
    else:
        assert json.dumps(result)


JSON_REFUSALS = {
    "member twice": ('{"a": 1,\n "b": {"c": 2, "d": 3,\n  "c": 4}}', 3, 3, '"c" again'),
    "member twice, once escaped": ('{"a": 1, "\\u0061": 2}', 1, 10, "again"),
    "not a number": ('{"a":\n  NaN}', 2, 3, "NaN"),
    "infinity": ("[1, -Infinity]", 1, 5, "-Infinity"),
    "number beyond a double": ("[1e999]", 1, 2, "double"),
    "integer beyond a double": ("[" + "1" * 5000 + "]", 1, 2, "double"),
    "half of a surrogate pair": ('["\\ud83d"]', 1, 2, "surrogate"),
    "101 levels": ("[" * 101 + "]" * 101, 1, 101, "at most 100 levels"),
    "a million levels": ("[" * 1_000_000, 1, 101, "at most 100 levels"),
    "a trailing comma": ('{"a": 1,\n}', 2, 1, "expected JSON"),
    "nothing": ("", 1, 1, "expected JSON"),
    "two values": ("{}\n{}", 2, 1, "Extra data"),
    "an open string": ('{"a": "\\', 1, 7, "Unterminated"),
    "a byte order mark": ("\ufeff{}", 1, 1, "BOM"),
}

YAML_REFUSALS = {
    "key twice": ("a: 1\nb: {c: 2,\n  c: 3}", 3, 3, "'c' again"),
    "alias": ("a: &x [1]\nb: [*x, *x]", 2, 5, "aliases"),
    "tag": ("a: 1\nb: !!python/name:os.system", 2, 4, "tags"),
    "tag on a mapping": ("!thing\na: 1", 1, 1, "tags"),
    "number as a key": ("1: a", 1, 1, "text as a key"),
    "list as a key": ("? [a]\n: b", 1, 3, "text as a key"),
    "two documents": ("a: 1\n---\nb: 2", 2, 1, "second one"),
    "nothing": ("# only a comment\n", 1, 1, "got none"),
    "101 levels": ("[" * 101, 1, 101, "at most 100 levels"),
    "an open list": ("a: [1,\n", 2, 1, "expected YAML"),
    "a tab": ("a:\n\t- b", 2, 1, "expected YAML"),
    "a control character": ("a: 1\nb: \x07", 2, 4, "U+0007"),
    "number beyond a double": ("a: 1e999", 1, 4, "double"),
    "half of a surrogate pair": ('a: "\\ud83d"', 1, 4, "surrogate"),
}


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"), JSON_REFUSALS.values(), ids=JSON_REFUSALS
)
def test_json_that_is_refused(text, line, column, reason):
    with pytest.raises(DocumentError) as raised:
        parse_json(text, file="a.json")
    error = raised.value
    assert (error.file, error.line, error.column) == ("a.json", line, column)
    assert reason in error.reason
    assert str(error).startswith(f"a.json:{line}:{column}: expected ")


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"), YAML_REFUSALS.values(), ids=YAML_REFUSALS
)
def test_yaml_that_is_refused(text, line, column, reason):
    with pytest.raises(DocumentError) as raised:
        parse_yaml(text, file="a.yaml")
    error = raised.value
    assert (error.file, error.line, error.column) == ("a.yaml", line, column)
    assert reason in error.reason


def test_the_nesting_that_is_allowed_is_read():
    assert parse_json("[" * 100 + "]" * 100, file="f").value
    assert parse_yaml("[" * 100 + "]" * 100, file="f").value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("True", "True"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-01", "2026-03-01"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("010", "010"),
        ("12:30:45", "12:30:45"),
        (".inf", ".inf"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("-12", -12),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ('"null"', "null"),
    ],
)
def test_scalars_mean_what_json_would_make_of_them(text, value):
    read = parse_yaml(f"a: {text}", file="f").value
    assert read == {"a": value}
    assert type(read["a"]) is type(value)


def test_keys_that_old_yaml_takes_for_booleans_stay_text():
    assert parse_yaml("{on: evidence, off: 1, y: 2}", file="f").value == {
        "on": "evidence",
        "off": 1,
        "y": 2,
    }


def test_yaml_inside_another_file_has_the_lines_of_that_file():
    document = parse_yaml("a: 1\nb: [2]\n", file="f", first_line=11)
    assert document.line("/b") == 12
    assert document.line("/b/0/c/d") == 12


def test_a_file_that_is_not_utf8_is_refused_where_it_begins(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes('{"ä":\n "b'.encode() + b'\xff"}')
    with pytest.raises(DocumentError) as raised:
        load_document(path)
    assert (raised.value.line, raised.value.column) == (2, 4)
    assert "0xff" in raised.value.reason


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    path = tmp_path / "a.json"
    path.write_text('"12345678"')
    assert load_document(path) == "12345678"
    path.write_text('"123456789"')
    with pytest.raises(DocumentError, match="at most 10 bytes"):
        load_document(path)


@pytest.mark.parametrize("name", ["missing.json", ""])
def test_what_cannot_be_opened_is_refused(tmp_path, name):
    with pytest.raises(DocumentError, match="expected a readable file"):
        load_document(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "a: 1"), ("a.yml", "a: 1"), ("a.json", '{"a": 1}')]
)
def test_the_name_of_a_file_tells_its_kind(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    document = read_document(tmp_path / name)
    assert document.value == {"a": 1}
    assert document.line("/a") == 1
