"""The commands print what a person needs and end with the code that a script needs."""

import argparse
import json

import pytest
from drs_conformance.specification.commands import (
    add_catalogue_command,
    add_matrix_command,
    add_spec_command,
    add_validate_command,
)
from drs_conformance.specification.location import schema_folder
from drs_conformance.specification.schemas import problems

CHAPTER = "spec/0.1/02-declaration.md"


def run(*arguments):
    parser = argparse.ArgumentParser(prog="drs")
    subparsers = parser.add_subparsers(required=True)
    for add in (add_catalogue_command, add_matrix_command, add_spec_command, add_validate_command):
        add(subparsers)
    parsed = parser.parse_args([str(argument) for argument in arguments])
    return parsed.handler(parsed)


def test_spec_check_of_a_standard_in_order(standard, capsys):
    assert run("spec", "check", "--root", standard.root) == 0
    assert capsys.readouterr().out == f"version 0.1 in {standard.root}: in order\n"


def test_spec_check_of_a_standard_with_mistakes(standard, capsys):
    standard.edit(CHAPTER, "MAY keep its", "may keep its")
    standard.edit(CHAPTER, "#DCL-02)", "#DCL-20)")

    assert run("spec", "check", "--root", standard.root) == 1

    first, second, summary = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{CHAPTER}:{standard.line(CHAPTER, '#DCL-20')}: dangling-anchor: ")
    assert second.startswith(f"{CHAPTER}:{standard.line(CHAPTER, 'may keep')}: keyword-missing: ")
    assert summary == f"version 0.1 in {standard.root}: 2 mistakes in 1 file"


def test_spec_check_of_a_folder_that_holds_no_standard(tmp_path, capsys):
    assert run("spec", "check", "--root", tmp_path) == 2
    assert "expected versions of the standard" in capsys.readouterr().err


def test_spec_alone_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as raised:
        run("spec")
    assert raised.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_validate_tells_valid_from_invalid_from_unreadable(tmp_path, capsys):
    good, bad, broken = (tmp_path / name for name in ("good.json", "bad.yaml", "broken.json"))
    good.write_text('{"seconds": 60}')
    bad.write_text("seconds: 0\nminutes: 1\n")
    broken.write_text('{"seconds": 60,\n "seconds": 61}')

    assert run("validate", "advance", good) == 0
    assert capsys.readouterr().out == f"{good}: valid\n"

    assert run("validate", "advance", good, bad) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{good}: valid",
        f'{bad}: expected only known members, got also the member "minutes" (line 1)',
        f"{bad}:/seconds: expected at least 1, got 0 (line 1)",
    ]

    assert run("validate", "advance", broken, bad, good) == 2
    output = capsys.readouterr()
    assert output.err.startswith(f'{broken}:2:2: expected each member once, got "seconds" again')
    assert f"{good}: valid" in output.out


def test_validate_with_an_unknown_schema_or_file(tmp_path, capsys):
    assert run("validate", "advanse", tmp_path / "a.json") == 2
    assert "advance" in capsys.readouterr().err
    assert run("validate", "advance", tmp_path / "a.json") == 2
    assert "a.json" in capsys.readouterr().err


def test_validate_without_files_is_a_usage_error():
    with pytest.raises(SystemExit) as raised:
        run("validate", "advance")
    assert raised.value.code == 2


def test_validate_finds_every_example_as_it_is_labelled(capsys):
    folder = schema_folder() / "examples/valid/declaration"
    assert run("validate", "declaration", *sorted(folder.glob("*.json"))) == 0
    assert capsys.readouterr().out.count(": valid\n") == len(list(folder.iterdir()))


def test_catalogue_as_json_and_as_markdown(standard, capsys):
    assert run("catalogue", "--root", standard.root) == 0
    document = json.loads(capsys.readouterr().out)
    assert problems("catalogue", document) == []
    assert run("catalogue", "--root", standard.root, "--format", "markdown") == 0
    assert "| DCL-05 | Same distribution | L2 | MUST |" in capsys.readouterr().out


def test_catalogue_of_malformed_chapters(standard, capsys):
    standard.edit(CHAPTER, "core: true", "core: maybe")
    assert run("catalogue", "--root", standard.root) == 2
    assert "fence-key" in capsys.readouterr().err


def test_matrix_leads_from_requirements_to_checks_and_mutants(standard, capsys):
    assert run("matrix", "--root", standard.root, "--format", "json") == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == [f"DCL-0{number}" for number in range(1, 6)]
    assert rows["DCL-02"] == {
        "id": "DCL-02",
        "title": "Valid declaration",
        "level": "L2",
        "verify": "test",
        "excluded": None,
        "checks": ["declaring.TestValidity.test_valid"],
        "mutants": ["misspelt"],
        "schemas": ["declaration"],
        "registries": ["bounds", "ladder"],
        "threats": ["T-01", "T-02"],
    }
    assert rows["DCL-05"]["excluded"] == "pending C"
    assert rows["DCL-05"]["checks"] == []


def test_matrix_as_text_and_as_markdown(standard, capsys):
    assert run("matrix", "--root", standard.root) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "id",
        "title",
        "level",
        "verified",
        "by",
        "checks",
        "mutants",
        "schemas",
        "threats",
    ]
    row = next(line for line in lines if line.startswith("DCL-01"))
    assert "declaring.test_public" in row
    assert "behind_login" in row
    assert all(line == line.rstrip() for line in lines)

    assert run("matrix", "--root", standard.root, "--format", "markdown") == 0
    assert "| DCL-01 | Public declaration | L1 | test | declaring.test_public | behind_login |" in (
        capsys.readouterr().out
    )


def test_matrix_of_checks_that_are_not_python(standard, capsys):
    (standard.checks / "broken.py").write_text("def\n")
    assert run("matrix", "--root", standard.root) == 2
    assert "broken.py:1" in capsys.readouterr().err
