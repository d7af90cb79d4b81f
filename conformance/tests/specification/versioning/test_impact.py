"""An editor changes a sentence and sees at once what it touches."""

import json

from conformance_commands import spec
from drs_conformance.specification.catalogue import load_catalogue

CHAPTER = "spec/0.1/02-declaration.md"


def impact(standard, *arguments) -> int:
    return spec("impact", "--root", standard.root, *arguments)


def test_nothing_edited_touches_nothing(committed, capsys):
    assert impact(committed) == 0
    assert capsys.readouterr().out == "Nothing in spec/ and schemas/ differs from HEAD.\n"


def test_a_sentence_leads_to_checks_mutants_schemas_pages_and_what_rests_on_it(committed, capsys):
    guide = committed.root / "docs/guides/run.md"
    guide.parent.mkdir(parents=True)
    guide.write_text("As DCL-01 says.")
    committed.edit(CHAPTER, "MUST serve a", "MUST publish a")
    assert impact(committed) == 0
    assert capsys.readouterr().out == (
        "Version 0.1 since HEAD: requirements 1 changed; schemas unchanged.\n"
        "\n"
        f"DCL-01 Public declaration ({CHAPTER}:{committed.line(CHAPTER, '### DCL-01')})\n"
        "  touched by   sentence\n"
        "  checks       declaring.test_public\n"
        "  mutants      behind_login\n"
        "  rests on it  DCL-02, DCL-05\n"
        "  pages        standard/02-declaration.html#DCL-01, docs/guides/run.md\n"
    )


def test_a_schema_leads_to_the_requirements_that_name_it(committed, capsys):
    path = committed.root / "schemas/0.1/declaration.schema.json"
    schema = json.loads(path.read_text())
    schema["required"].append("notes")
    path.write_text(json.dumps(schema))
    assert impact(committed) == 0
    said = capsys.readouterr().out
    assert "  schema declaration: breaking\n    declaration/required: 'notes'" in said
    assert "DCL-02 Valid declaration" in said
    assert "  touched by   schema declaration (breaking)\n" in said


def test_a_registry_leads_to_the_requirements_that_name_it(committed, capsys):
    path = committed.root / "spec/0.1/registries/bounds.yaml"
    path.write_text(path.read_text().replace("L1: 20, L2: 5", "L1: 20, L2: 4"))
    assert impact(committed, "--format", "json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [(item["id"], item["why"]) for item in found["touched"]] == [
        ("DCL-02", ["registry bounds"])
    ]


def test_claims_that_pin_the_old_digest_are_named(committed, tmp_path, capsys):
    digests = {r.id: r.digest for r in load_catalogue("0.1", committed.root).requirements}
    claims = tmp_path / "claims"
    claims.mkdir()
    for name, pins in {"mine": ["DCL-01"], "other": ["DCL-03"]}.items():
        entries = [{"id": pin, "digest": digests[pin]} for pin in pins]
        (claims / f"{name}.json").write_text(json.dumps({"requirements": entries}))
    (claims / "broken.json").write_text("{")
    committed.edit(CHAPTER, "MUST serve a", "MUST publish a")
    assert impact(committed, "--claims", claims) == 0
    said = capsys.readouterr().out
    assert f"  claims       {claims / 'mine.json'}\n" in said
    assert "other.json" not in said


def test_an_editorial_edit_says_so_and_no_claim_is_touched(committed, capsys):
    committed.edit(CHAPTER, "nobody outside sees", "no outsider sees")
    assert impact(committed) == 0
    assert "  touched by   editorial: rationale\n" in capsys.readouterr().out


def test_a_requirement_that_vanished_is_a_fault(committed, capsys):
    text = (committed.root / CHAPTER).read_text()
    gone = text[text.index("### DCL-05") : text.index("## Withdrawn")]
    committed.edit(CHAPTER, gone, "")
    assert impact(committed) == 0
    assert "  fault: DCL-05 is gone without a word" in capsys.readouterr().out


def test_without_a_commit_to_compare_with_it_says_so(complete, committed, capsys):
    assert impact(committed, "--base", "nowhere") == 2
    assert "nowhere has no standard to compare with" in capsys.readouterr().err


def test_a_malformed_text_is_named(committed, capsys):
    committed.edit(CHAPTER, "level: L2\nkeyword: MUST NOT", "level: L9\nkeyword: MUST NOT")
    assert impact(committed) == 2
    assert f"{CHAPTER}:" in capsys.readouterr().err
