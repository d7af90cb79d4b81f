"""What is called compatible is: no document that was valid is refused."""

from pathlib import Path

import pytest
from drs_conformance.specification.schemas import SchemaSet
from drs_conformance.specification.versioning.schema_change import Comparison
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

CLOSED = {"type": "object", "additionalProperties": False}
NUMBER = {"type": "integer", "minimum": 1, "maximum": 9}


def schemas(**contents):
    documents = {name: {"$id": f"{name}.schema.json", **part} for name, part in contents.items()}
    registry = Registry().with_resources(
        (part["$id"], DRAFT202012.create_resource(part)) for part in documents.values()
    )
    return SchemaSet(Path(), documents, registry)


def breaks(old, new, **shared):
    comparison = Comparison(schemas(it=old, **shared), schemas(it=new, **shared), lambda it: it)
    return [str(change) for change in comparison.breaks("it")]


COMPATIBLE = {
    "the same": (NUMBER, NUMBER),
    "another description": (NUMBER, {**NUMBER, "description": "Other", "title": "T"}),
    "a wider range": (NUMBER, {"type": "integer", "minimum": 0, "maximum": 10}),
    "no range": (NUMBER, {"type": "integer"}),
    "a wider type": (NUMBER, {**NUMBER, "type": ["number", "null"]}),
    "one value more": ({"enum": ["a"]}, {"enum": ["b", "a"]}),
    "a list for a constant": ({"const": "a"}, {"enum": ["a", "b"]}),
    "an optional member more": (CLOSED, {**CLOSED, "properties": {"a": NUMBER}}),
    "a member that is not required any more": ({**CLOSED, "required": ["a"]}, CLOSED),
    "open": (CLOSED, {"type": "object"}),
    "an alternative more": ({"anyOf": [NUMBER]}, {"anyOf": [NUMBER, {"type": "null"}]}),
    "a definition for what stood here": (NUMBER, {"$ref": "#/$defs/n", "$defs": {"n": NUMBER}}),
    "an alternative told apart by a constant": (
        {"oneOf": [{"required": ["k"], "properties": {"k": {"const": "a"}}}]},
        {
            "oneOf": [
                {"required": ["k"], "properties": {"k": {"const": "a"}}},
                {"required": ["k"], "properties": {"k": {"const": "b"}}},
            ]
        },
    ),
    "no condition": ({"if": {"const": 1}, "then": False}, {}),
}
BREAKING = {
    "a narrower range": (NUMBER, {**NUMBER, "minimum": 2}, "it/minimum: was 1, is at least 2 now"),
    "a range": ({"type": "integer"}, NUMBER, "it/maximum: was not bounded, is at most 9 now"),
    "another type": (NUMBER, {**NUMBER, "type": "string"}, "integer is not permitted any more"),
    "one value less": ({"enum": ["a", "b"]}, {"enum": ["a"]}, "'b' is not permitted any more"),
    "a list where anything was": ({}, {"enum": ["a"]}, "only listed values are permitted now"),
    "a required member more": (CLOSED, {**CLOSED, "required": ["a"]}, "'a' is required now"),
    "a member less": (
        {**CLOSED, "properties": {"a": NUMBER}},
        CLOSED,
        "the member 'a' is not known any more",
    ),
    "closed": ({"type": "object"}, CLOSED, "other members are not permitted as before"),
    "a member with a rule where any was permitted": (
        {"type": "object"},
        {"type": "object", "properties": {"a": NUMBER}},
        "any value was permitted here before",
    ),
    "another pattern": ({"pattern": "a"}, {"pattern": "b"}, "pattern changed"),
    "a format": ({}, {"format": "date"}, "format changed"),
    "an alternative less": ({"anyOf": [NUMBER, {}]}, {"anyOf": [NUMBER]}, "an alternative is gone"),
    "alternatives that overlap": (
        {"oneOf": [{"type": "integer"}]},
        {"oneOf": [{"type": "integer"}, {"minimum": 0}]},
        "no constant tells them apart",
    ),
    "a condition": ({}, {"if": {"const": 1}, "then": False}, "the condition (if, then, else)"),
    "items": ({"items": {"type": "number"}}, {"items": {"type": "integer"}}, "it/items/type"),
    "nothing": ({}, {"properties": {"a": False}}, "any value was permitted here before"),
}


@pytest.mark.parametrize("name", COMPATIBLE)
def test_what_was_valid_stays_valid(name):
    assert breaks(*COMPATIBLE[name]) == []


@pytest.mark.parametrize("name", BREAKING)
def test_what_narrows_is_breaking_and_says_where(name):
    old, new, reason = BREAKING[name]
    assert any(reason in said for said in breaks(old, new)), breaks(old, new)


def test_a_break_is_seen_through_a_reference_to_another_schema():
    old, new = {"$defs": {"n": NUMBER}}, {"$defs": {"n": {**NUMBER, "maximum": 5}}}
    it = {"properties": {"a": {"$ref": "shared.schema.json#/$defs/n"}}}
    comparison = Comparison(
        schemas(it=it, shared=old), schemas(it=it, shared=new), lambda part: part
    )
    (change,) = comparison.breaks("it")
    assert str(change) == "shared/$defs/n/maximum: was 9, is at most 5 now"


def test_schemas_that_refer_to_themselves_are_compared():
    tree = {"properties": {"children": {"items": {"$ref": "#"}}, "n": NUMBER}}
    narrow = {"properties": {"children": {"items": {"$ref": "#"}}, "n": {**NUMBER, "maximum": 2}}}
    assert breaks(tree, tree) == []
    assert breaks(tree, narrow) == ["it/properties/n/maximum: was 9, is at most 2 now"]


_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "a", "bb"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "string", "integer", "number", ["null", "array"]]),
            "minimum": st.integers(0, 2),
            "maximum": st.integers(1, 3),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "enum": st.lists(st.sampled_from([0, 1, "a", None]), min_size=1, unique=True),
            "const": st.sampled_from([1, "a"]),
        },
    ),
)


def _larger(inner):
    members = st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    several = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": members,
            "required": st.lists(st.sampled_from(["a", "b"]), unique=True, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "anyOf": several,
            "allOf": several,
            "oneOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "prefixItems": several,
        },
    )


_SCHEMAS = st.recursive(_LEAVES, _larger, max_leaves=5)


@st.composite
def _edits(draw, old):
    """Draw a schema that differs from `old` in a place or two, as an editor's does."""
    if isinstance(old, bool) or not old or draw(st.integers(0, 9)) == 0:
        return draw(_LEAVES)
    new = dict(old)
    keyword = draw(st.sampled_from(sorted(new)))
    value = new[keyword]
    deed = draw(st.sampled_from(["drop", "deeper", "deeper", "add"]))
    if deed == "drop":
        del new[keyword]
    elif deed == "add":
        more = draw(_larger(_LEAVES) | _LEAVES)
        new = {**(more if isinstance(more, dict) else {}), **new}
    elif keyword in ("additionalProperties", "items", "not", "if", "then"):
        new[keyword] = draw(_edits(value))
    elif keyword in ("anyOf", "allOf", "oneOf", "prefixItems"):
        parts = list(value)
        place = draw(st.integers(0, len(parts)))
        if place == len(parts):
            parts.append(draw(_LEAVES))
        else:
            parts[place] = draw(_edits(parts[place]))
        new[keyword] = parts
    elif keyword == "properties" and value:
        name = draw(st.sampled_from(sorted(value)))
        new[keyword] = {**value, name: draw(_edits(value[name]))}
    elif isinstance(value, int) and keyword != "const":
        new[keyword] = max(0, value + draw(st.sampled_from([-1, 1])))
    elif isinstance(value, list):
        new[keyword] = value[:1]
    return new


_PAIRS = _SCHEMAS.flatmap(lambda old: st.tuples(st.just(old), _edits(old)))


@settings(max_examples=500, deadline=None)
@given(pair=_PAIRS, values=st.lists(_VALUES, min_size=3, max_size=6))
def test_no_document_that_was_valid_is_refused_by_what_is_called_compatible(pair, values):
    old, new = pair
    if breaks(*({"properties": {"it": part}} for part in pair)):
        return
    before, after = Draft202012Validator(old), Draft202012Validator(new)
    for value in values:
        if before.is_valid(value):
            assert after.is_valid(value)
