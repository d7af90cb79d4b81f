"""What differs between two versions, as an editor reads it."""

import json

import pytest
from conformance_commands import spec
from drs_conformance.specification.versioning.difference import Text, difference
from drs_conformance.specification.versioning.opening import open_version

CHAPTER = "spec/0.2/02-declaration.md"
DECLARATION = "schemas/0.2/declaration.schema.json"
NEW = """### DCL-06 Mirror {#DCL-06}

```yaml requirement
level: L3
keyword: SHOULD
applies_to: [provider]
verify: inspect
evidence: The mirror
threats: [T-01]
since: "0.2"
```

A provider SHOULD mirror its declaration.

Rationale: one place can be lost.

"""


@pytest.fixture
def edited(complete):
    """A second version in which every kind of change was made."""
    open_version("0.2", "0.1", complete.root)
    complete.edit(CHAPTER, "MUST serve a", "MUST publish a")
    complete.edit(CHAPTER, "level: L2\nkeyword: MUST NOT", "level: L1\nkeyword: MUST NOT")
    complete.edit(CHAPTER, "nobody outside sees", "no outsider sees")
    text = (complete.root / CHAPTER).read_text()
    gone = text[text.index("### DCL-05") : text.index("## Withdrawn")]
    complete.edit(CHAPTER, gone, NEW)
    retired = '- {id: DCL-90, since: "0.1", reason: DCL-01 covers it.}'
    more = '- {id: DCL-05, since: "0.2", reason: Nobody could test it.}'
    complete.edit(CHAPTER, retired, f"{retired}\n{more}")
    return complete


def compared(standard):
    return difference(Text.read("0.1", standard.root), Text.read("0.2", standard.root))


def test_every_kind_of_change_is_told_from_the_others(edited):
    change = compared(edited)
    assert [item.id for item in change.added] == ["DCL-06"]
    assert [(item.old.id, item.reason) for item in change.retired] == [
        ("DCL-05", "Nobody could test it.")
    ]
    assert [(i.old.id, i.old.level, i.new.level) for i in change.relevelled] == [
        ("DCL-02", "L2", "L1")
    ]
    assert [(item.new.id, item.members) for item in change.changed] == [("DCL-01", ("sentence",))]
    assert [(i.new.id, i.members) for i in change.editorial] == [("DCL-03", ("rationale",))]
    assert change.schemas == ()
    assert change.faults == ()


def test_text_and_changelog_and_json_say_it(edited, capsys):
    assert spec("diff", "0.1", "0.2", "--root", edited.root) == 0
    assert capsys.readouterr().out == (
        "0.1 -> 0.2: requirements 1 added, 1 retired, 1 re-levelled, 1 changed, 1 editorial; "
        "schemas unchanged\n"
        "added\n  DCL-06 Mirror (L3, SHOULD)\n"
        "retired\n  DCL-05 Same distribution: Nobody could test it.\n"
        "re-levelled\n  DCL-02 Valid declaration: L2 -> L1\n"
        "changed\n  DCL-01 Public declaration: sentence\n"
        "    was: A provider MUST serve a `MUST.json` document at the well-known place.\n"
        "    now: A provider MUST publish a `MUST.json` document at the well-known place.\n"
        "editorial\n  DCL-03 Key under control: rationale\n"
    )
    assert spec("diff", "0.1", "0.2", "--root", edited.root, "--format", "markdown") == 0
    said = capsys.readouterr().out
    assert said.startswith("### Standard 0.2 (draft), since 0.1\n\nAdded:\n\n- DCL-06 Mirror")
    assert "\nRe-levelled:\n\n- DCL-02 Valid declaration: L2 -> L1\n" in said
    assert spec("diff", "0.1", "0.2", "--root", edited.root, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["relevelled"] == [{"id": "DCL-02", "from": "L2", "to": "L1"}]


def test_a_requirement_that_vanishes_is_a_fault(edited, capsys):
    edited.edit(CHAPTER, '- {id: DCL-05, since: "0.2", reason: Nobody could test it.}', "")
    assert compared(edited).faults == (
        "DCL-05 is gone without a word; list it in a fence `yaml retired` with the version and "
        "the reason",
    )
    assert spec("diff", "0.1", "0.2", "--root", edited.root) == 1
    assert "faults\n  DCL-05 is gone" in capsys.readouterr().out


def test_an_identifier_that_comes_back_is_a_fault(edited):
    edited.edit(CHAPTER, '- {id: DCL-90, since: "0.1", reason: DCL-01 covers it.}\n', "")
    text = (edited.root / CHAPTER).read_text()
    (edited.root / CHAPTER).write_text(text.replace("DCL-06", "DCL-90"))
    (fault,) = compared(edited).faults
    assert "DCL-90 was retired before and is used again" in fault


def test_a_retirement_that_is_forgotten_is_a_fault(edited):
    edited.edit(CHAPTER, '- {id: DCL-90, since: "0.1", reason: DCL-01 covers it.}\n', "")
    assert compared(edited).faults == (
        "DCL-90 was retired before and is not listed as retired any more",
    )


def test_schemas_are_compatible_or_breaking(edited):
    schema = json.loads((edited.root / DECLARATION).read_text())
    schema["properties"]["motto"] = {"type": "string", "description": "What one is proud of."}
    (edited.root / DECLARATION).write_text(json.dumps(schema))
    assert [(s.name, s.verdict) for s in compared(edited).schemas] == [
        ("declaration", "compatible")
    ]
    assert compared(edited).schema_verdict == "compatible"

    schema["required"].append("motto")
    (edited.root / DECLARATION).write_text(json.dumps(schema))
    (verdict,) = compared(edited).schemas
    assert verdict.verdict == "breaking"
    assert verdict.reasons == ("declaration/required: 'motto' is required now",)
    assert compared(edited).schema_verdict == "breaking"


def test_a_schema_that_is_gone_breaks_and_one_that_is_new_does_not(edited):
    (edited.root / "schemas/0.2/advance.schema.json").rename(
        edited.root / "schemas/0.2/forward.schema.json"
    )
    assert [(s.name, s.verdict) for s in compared(edited).schemas] == [
        ("advance", "removed"),
        ("forward", "added"),
    ]
    assert compared(edited).schema_verdict == "breaking"


def test_examples_of_the_old_version_are_tried_under_the_new_one(edited):
    folder = edited.root / "schemas/0.1/examples/valid/advance"
    folder.mkdir(parents=True)
    (folder / "minute.json").write_text('{"seconds": 60}')
    path = edited.root / "schemas/0.2/advance.schema.json"
    schema = json.loads(path.read_text())
    schema["properties"]["seconds"]["minimum"] = 100
    path.write_text(json.dumps(schema))
    (verdict,) = compared(edited).schemas
    assert "the example minute.json is not valid any more" in verdict.reasons[-1]


def test_registries_are_compared_by_entry(edited):
    path = edited.root / "spec/0.2/registries/bounds.yaml"
    path.write_text(path.read_text().replace("L1: 20, L2: 5", "L1: 20, L2: 4"))
    (change,) = compared(edited).registries
    assert change.name == "bounds"
    assert (change.added, change.removed) == ((), ())
    assert len(change.changed) == 1


def test_the_real_text_does_not_differ_from_itself(capsys):
    assert spec("diff", "0.1", "0.1") == 0
    said = "0.1 -> 0.1: requirements unchanged; schemas unchanged\n"
    assert capsys.readouterr().out == said
