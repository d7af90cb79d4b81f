"""The schemas are closed, described, self-contained, and mean what their examples say."""

from pathlib import Path

import pytest
from drs_conformance.specification.formats import format_checker
from drs_conformance.specification.location import schema_folder, versions
from drs_conformance.specification.schemas import (
    UnknownSchemaError,
    load_document,
    problems,
    read_schemas,
    schema_set,
)
from jsonschema import Draft202012Validator
from referencing.exceptions import Unresolvable

SETS = {version: schema_set(version) for version in versions()}
EXAMPLES = schema_folder().parent
CONDITIONAL = ("if", "then", "else", "not")


def named(paths):
    return [
        pytest.param(path, id=f"{version_of(path)}-{path.parent.name}-{path.stem}")
        for path in sorted(paths)
    ]


def version_of(example):
    return example.parents[3].name


def parts(schema, pointer=""):
    """Yield every object of a schema with its pointer, the instances inside it left out."""
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from parts(part, f"{pointer}/{index}")
    elif isinstance(schema, dict):
        yield pointer, schema
        for name, part in schema.items():
            if name not in {"const", "enum", "default", "examples"}:
                yield from parts(part, f"{pointer}/{name}")


def is_conditional(pointer):
    return any(f"/{word}" in pointer for word in CONDITIONAL)


@pytest.fixture(params=[f"{version}:{name}" for version in SETS for name in SETS[version].names])
def schema(request):
    version, _, name = request.param.partition(":")
    return SETS[version].contents[name]


def test_a_schema_is_valid_under_its_own_metaschema(schema):
    Draft202012Validator.check_schema(schema)


def test_a_schema_is_named_after_its_file():
    everything = [(v, name, s.contents[name]) for v, s in SETS.items() for name in s.names]
    for version, name, content in everything:
        base = f"https://distillation-resistance.example/schemas/{version}"
        assert content["$id"] == f"{base}/{name}.schema.json"
        assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert content["title"]
        assert content["description"]


def mixins(schema):
    """Return the definitions that only add members to an object that is closed elsewhere."""
    uses = [(pointer, part["$ref"]) for pointer, part in parts(schema) if "$ref" in part]
    return {
        f"/$defs/{name}"
        for name in schema.get("$defs", {})
        if (at := [pointer for pointer, target in uses if target == f"#/$defs/{name}"])
        and all("/allOf/" in pointer for pointer in at)
        and schema.get("unevaluatedProperties") is False
    }


def test_every_object_is_closed(schema):
    open_objects = [
        pointer
        for pointer, part in parts(schema)
        if isinstance(part.get("properties"), dict)
        and not pointer.endswith("/properties")
        and not is_conditional(pointer)
        and pointer not in mixins(schema)
        and part.get("unevaluatedProperties") is not False
    ]
    assert open_objects == []


def test_every_property_is_described(schema):
    silent = [
        f"{pointer}/properties/{name}"
        for pointer, part in parts(schema)
        if isinstance(part.get("properties"), dict) and not is_conditional(pointer)
        for name, member in part["properties"].items()
        if not is_conditional(f"/{name}") and not member.get("description", "").endswith(".")
    ]
    assert silent == []


def test_every_reference_is_relative_and_leads_somewhere(schema):
    resolver = SETS[schema["$id"].split("/")[-2]].registry.resolver(base_uri=schema["$id"])
    for _, part in parts(schema):
        if isinstance(reference := part.get("$ref"), str):
            assert "://" not in reference
            try:
                resolver.lookup(reference)
            except Unresolvable as error:
                pytest.fail(str(error))


def test_every_format_in_use_is_checked(schema):
    used = {part["format"] for _, part in parts(schema) if isinstance(part.get("format"), str)}
    assert used <= set(format_checker().checkers)


@pytest.mark.parametrize("path", named(EXAMPLES.glob("*/examples/valid/*/*.json")))
def test_a_valid_example_is_valid(path):
    assert problems(path.parent.name, load_document(path), version_of(path)) == []


@pytest.mark.parametrize("path", named(EXAMPLES.glob("*/examples/invalid/*/*.json")))
def test_an_invalid_example_breaks_the_rule_it_names_and_no_other(path):
    example = load_document(path)
    assert set(example) == {"breaks", "keyword", "at", "instance"}
    assert example["breaks"].endswith(".")

    found = problems(path.parent.name, example["instance"], version_of(path))

    assert {problem.pointer for problem in found} == {example["at"]}
    # A malformed time breaks its pattern and its format at once.
    beside = {"format"} if example["keyword"] == "pattern" else set()
    assert {problem.keyword for problem in found} - beside == {example["keyword"]}


def test_every_schema_of_a_document_has_examples():
    for version, schemas in SETS.items():
        folder = EXAMPLES / version / "examples"
        for name in set(schemas.names) - {"common"}:
            assert len(list(folder.glob(f"valid/{name}/*.json"))) >= 3, name
            assert len(list(folder.glob(f"invalid/{name}/*.json"))) >= 5, name


def test_examples_lie_in_folders_of_schemas():
    for path in EXAMPLES.glob("*/examples/*/*"):
        assert path.name in SETS[path.parents[2].name].names


def test_an_unknown_schema_is_an_error_that_names_the_known_ones():
    with pytest.raises(UnknownSchemaError, match=r"'declartion'.*declaration"):
        schema_set().validator("declartion")


@pytest.mark.parametrize(
    ("name", "instance", "expected"),
    [
        ("advance", {"seconds": "60"}, '/seconds: expected an integer, got the text "60"'),
        ("advance", {"seconds": None}, "/seconds: expected an integer, got null"),
        ("advance", {"seconds": True}, "/seconds: expected an integer, got true"),
        ("advance", {}, 'whole document: expected the member "seconds", got an object without'),
        (
            "advance",
            {"seconds": 1, "second": 2},
            'whole document: expected only known members, got also the member "second"',
        ),
        (
            "flag",
            {"on": "evidance", "evidence": [], "approvals": []},
            '/on: expected one of "evidence", "appeal-upheld", got the text "evidance"; '
            'did you mean "evidence"?',
        ),
        (
            "appeal-request",
            {"case": "c", "statement": ["a"] * 3},
            "/statement: expected text, got an array of 3",
        ),
        (
            "registry",
            {"registry": "nations"},
            'whole document: expected registry "ladder" or registry "evidence-kinds" or',
        ),
    ],
)
def test_a_problem_says_what_was_expected_what_came_and_where(name, instance, expected):
    assert str(problems(name, instance)[0]).startswith(expected)


def test_problems_near_the_root_come_first():
    found = problems("flag", {"on": "evidence", "evidence": [{"kind": "x"}]})
    assert [problem.pointer for problem in found] == ["", "/evidence/0/kind"]


def test_a_long_value_is_not_repeated_in_full():
    message = problems("advance", {"seconds": "x" * 5000})[0].message
    assert len(message) < 200
    assert "5000 characters" in message


def test_validation_never_retrieves_anything(tmp_path: Path):
    text = '{"$id": "https://a.example/0", "$ref": "https://b.example/1"}'
    (tmp_path / "strange.schema.json").write_text(text)
    with pytest.raises(Unresolvable, match=r"b\.example"):
        read_schemas(tmp_path).problems("strange", {})
