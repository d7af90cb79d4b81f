"""Each planted mistake is found where it was planted, and nothing else is."""

from typing import NamedTuple

import pytest
from drs_conformance.specification.inspection import inspect_specification

CHAPTER = "spec/0.1/02-declaration.md"
MODEL = "spec/0.1/01-model.md"
LADDER = "spec/0.1/registries/ladder.yaml"
KINDS = "spec/0.1/registries/evidence-kinds.yaml"
BOUNDS = "spec/0.1/registries/bounds.yaml"
COMMON = "schemas/0.1/common.schema.json"
CHECKS = "conformance/drs_conformance/checks/declaring.py"
MUTANTS = "conformance/tests/mutants/declaring.py"

DESIGNED = """depends_on: [DCL-01, DCL-02]
threats: [T-02]
design: {kind: rate, conforming: 0.01, violating: 0.1, alpha: 0.001, beta: 0.01, """


class Found(NamedTuple):
    """A finding to come: `needle` stands on its line once the mistake is made."""

    rule: str
    needle: str
    file: str


class Mistake(NamedTuple):
    file: str
    old: str
    new: str
    found: tuple[Found, ...]


def chapter(old: str, new: str, rule: str, needle: str) -> Mistake:
    return Mistake(CHAPTER, old, new, (Found(rule, needle, CHAPTER),))


ATTESTED = "attested_by: The officer responsible for keys\n"

MISTAKES = {
    "fence that is not YAML": chapter(
        'threats: [T-01]\nsince: "0.1"\n```\n\nA provider MAY',
        'threats: [T-01\nsince: "0.1"\n```\n\nA provider MAY',
        "fence-yaml",
        'since: "0.1"\n```\n\nA provider MAY',
    ),
    "key twice in a fence": chapter(
        "evidence: The archive\n",
        "evidence: The archive\nverify: test # again\n",
        "fence-yaml",
        "verify: test # again",
    ),
    "unknown key": chapter(
        "evidence: The archive\n",
        "evidence: The archive\nseverity: high\n",
        "fence-key",
        "severity: high",
    ),
    "missing key": chapter(
        "evidence: The archive\n", "", "fence-key", "```yaml requirement\nlevel: L1\nkeyword: MAY"
    ),
    "ill-typed key": chapter("core: true", "core: 'yes'", "fence-key", "core: 'yes'"),
    "version as a number": chapter(
        'since: "0.1"\n```\n\nA provider MAY',
        "since: 0.1\n```\n\nA provider MAY",
        "fence-key",
        "since: 0.1\n",
    ),
    "unknown level": chapter(
        "level: L1\nkeyword: MAY", "level: L4\nkeyword: MAY", "fence-key", "level: L4"
    ),
    "attested by nobody": chapter(
        ATTESTED, "", "fence-key", "```yaml requirement\nlevel: L1\nkeyword: SHOULD"
    ),
    "attested and tested": chapter(
        "core: true\n", "core: true\n" + ATTESTED + "# here\n", "fence-key", ATTESTED + "# here"
    ),
    "excluded without an issue": chapter(
        "excluded: pending C", "excluded: too hard", "fence-key", "excluded: too hard"
    ),
    "requirement without a fence": chapter(
        "```yaml requirement\nlevel: L1\nkeyword: MAY",
        "```yaml\nlevel: L1\nkeyword: MAY",
        "fence-missing",
        "### DCL-04",
    ),
    "fence of another kind": Mistake(
        CHAPTER,
        "```yaml requirement\nlevel: L1\nkeyword: MAY",
        "```yaml requirment\nlevel: L1\nkeyword: MAY",
        (
            Found("fence-missing", "### DCL-04", CHAPTER),
            Found("fence-kind", "```yaml requirment", CHAPTER),
        ),
    ),
    "identifier that is none": Mistake(
        CHAPTER,
        "### DCL-04 Archive {#DCL-04}",
        "### DCL-4 Archive",
        (
            Found("heading", "### DCL-4", CHAPTER),
            Found("dangling-id", "It says more about DCL-04", CHAPTER),
        ),
    ),
    "requirement at another level": chapter("### DCL-04", "#### DCL-04", "heading", "#### DCL-04"),
    "family of another chapter": Mistake(
        CHAPTER,
        "### DCL-03 Key",
        "### XYZ-03 Key",
        (Found("id-family", "### XYZ-03", CHAPTER),),
    ),
    "identifier twice": chapter(
        "### DCL-03 Key", "### DCL-02 Key", "id-duplicate", "### DCL-02 Key"
    ),
    "threat twice": Mistake(
        MODEL,
        "### T-02 Silent",
        "### T-01 Silent",
        (
            Found("id-duplicate", "### T-01 Silent", MODEL),
            Found("unknown-threat", "threats: [T-01, T-02]", CHAPTER),
            Found("unknown-threat", "threats: [T-02]", CHAPTER),
        ),
    ),
    "anchor of another": chapter("{#DCL-04}", "{#DCL-40}", "anchor", "{#DCL-40}"),
    "retired identifier": Mistake(
        CHAPTER,
        "- {id: DCL-90,",
        "- {id: DCL-03,",
        (
            Found("id-duplicate", "- {id: DCL-03", CHAPTER),
            Found("id-retired", "### DCL-03", CHAPTER),
        ),
    ),
    "retired without a reason": chapter(
        ", reason: DCL-01 covers it.}", "}", "fence-key", "- {id: DCL-90"
    ),
    "no keyword": chapter("MAY keep its", "may keep its", "keyword-missing", "A provider may keep"),
    "two keywords": chapter(
        "MAY keep its declarations.",
        "MAY keep its declarations and SHOULD do so.",
        "keyword-several",
        "A provider MAY keep its declarations and",
    ),
    "keyword of another strength": chapter(
        "MAY keep its", "SHOULD keep its", "keyword-mismatch", "SHOULD keep its declarations"
    ),
    "not forgotten": chapter(
        "MUST NOT be invalid", "MUST be invalid", "keyword-mismatch", "MUST be invalid"
    ),
    "keyword in a rationale": chapter(
        "a dispute is about", "a dispute MUST be about", "keyword-in-rationale", "MUST be about"
    ),
    "two sentences": chapter(
        "MAY keep its declarations.",
        "MAY keep its declarations. It is wise.",
        "sentence-count",
        "A provider MAY keep its declarations. It",
    ),
    "sentence without an end": chapter(
        "MAY keep its declarations.",
        "MAY keep its declarations",
        "sentence-count",
        "A provider MAY",
    ),
    "no sentence": chapter(
        "A provider MAY keep its declarations.\n\n",
        "",
        "sentence-missing",
        "```yaml requirement\nlevel: L1\nkeyword: MAY",
    ),
    "no rationale": chapter(
        "Rationale: a dispute is about what was promised.\n\n",
        "",
        "rationale-missing",
        "A provider MAY",
    ),
    "text before the rationale": chapter(
        "Rationale: a dispute",
        "In other words.\n\nRationale: a dispute",
        "rationale-missing",
        "In other words",
    ),
    "empty rationale": chapter(
        "Rationale: a dispute is about what was promised.",
        "Rationale:",
        "rationale-missing",
        "Rationale:\n",
    ),
    "unknown prerequisite": chapter("  - DCL-01\n", "  - DCL-77\n", "dangling-id", "  - DCL-77"),
    "prerequisite that no test decides": chapter(
        "  - DCL-01\n", "  - DCL-03\n", "dependency", "  - DCL-03"
    ),
    "prerequisite without a check": Mistake(
        CHAPTER,
        "  - DCL-01\n",
        "  - DCL-05\n",
        (
            Found("dependency", "  - DCL-05", CHAPTER),
            Found("dependency-cycle", "  - DCL-05", CHAPTER),
        ),
    ),
    "prerequisite at a higher level": Mistake(
        CHAPTER,
        "core: true\n",
        "core: true\ndepends_on: [DCL-02] #\n",
        (
            Found("dependency", "[DCL-02] #", CHAPTER),
            Found("dependency-cycle", "  - DCL-01", CHAPTER),
        ),
    ),
    "requirement that needs itself": chapter(
        "  - DCL-01\n", "  - DCL-01\n  - DCL-02\n", "dependency-cycle", "  - DCL-02"
    ),
    "unknown threat": chapter("threats: [T-02]", "threats: [T-02, T-20]", "unknown-threat", "T-20"),
    "unknown threat in prose": chapter(
        "answers T-01 (", "answers T-21 (", "unknown-threat", "T-21"
    ),
    "threat that nothing answers": Mistake(
        MODEL,
        "### T-02 Silent",
        "### T-03 Misuse\n\nOne person acts alone.\n\n### T-02 Silent",
        (Found("threat-uncited", "### T-03", MODEL),),
    ),
    "threat without a description": Mistake(
        MODEL,
        "Honest users get worse answers.\n",
        "",
        (Found("threat-text", "### T-02", MODEL),),
    ),
    "unknown schema": chapter(
        "schemas: [declaration]", "schemas: [decleration]", "dangling-schema", "[decleration]"
    ),
    "unknown registry": chapter(
        "registries: [bounds, ladder]",
        "registries:\n  - bounds\n  - leiter",
        "dangling-registry",
        "  - leiter",
    ),
    "identifier in prose": chapter(
        "about DCL-04 than", "about DCL-44 than", "dangling-id", "DCL-44"
    ),
    "link to no file": chapter(
        "(registries/ladder.yaml)", "(registries/leiter.yaml)", "dangling-link", "leiter.yaml"
    ),
    "link out of the standard": chapter(
        "(registries/ladder.yaml)", "(../../../../elsewhere)", "dangling-link", "elsewhere"
    ),
    "link to no heading": chapter(
        "(01-model.md#principals-and-terms)", "(01-model.md#terms)", "dangling-anchor", "#terms)"
    ),
    "anchor in another chapter": chapter(
        "[forgery](01-model.md#T-01)", "[forgery](#T-01)", "dangling-anchor", "[forgery](#T-01)"
    ),
    "link that leads to another": chapter(
        "[DCL-02](#DCL-02)", "[DCL-02](#DCL-03)", "link-text", "(#DCL-03)"
    ),
    "later version": chapter(
        'registries: [bounds, ladder]\nsince: "0.1"',
        'registries: [bounds, ladder]\nsince: "0.2"',
        "since",
        'since: "0.2"',
    ),
    "order of another file": chapter("order: 2", "order: 3", "chapter", "order: 3"),
    "chapter without a fence": Mistake(
        MODEL,
        "```yaml chapter\nfamily: null\norder: 1\n```\n",
        "",
        (Found("chapter", "# Model", MODEL),),
    ),
    "ladder with an unknown state": Mistake(
        LADDER,
        "{id: calm-1,     from: observed,   to: standing,",
        "{id: calm-1,     from: observed,   to: stadning,",
        (Found("registry", "to: stadning", LADDER),),
    ),
    "registry entry twice": Mistake(
        KINDS,
        "id: coverage,",
        "id: burst,",
        (
            Found("registry", "{id: burst, title: Systematic", KINDS),
            Found("registry-enum", '"coverage"', COMMON),
        ),
    ),
    "registry with an unknown member": Mistake(
        KINDS,
        "{id: coverage,",
        "{weight: 3, id: coverage,",
        (Found("registry", "{weight: 3", KINDS),),
    ),
    "registry that is not YAML": Mistake(
        KINDS,
        "registry: evidence-kinds",
        "registry: evidence-kinds\nregistry: again",
        (Found("registry", "registry: again", KINDS),),
    ),
    "registry under another name": Mistake(
        KINDS,
        'version: "0.1"',
        'version: "0.9"',
        (Found("registry", 'version: "0.9"', KINDS),),
    ),
    "bound on nothing": Mistake(
        BOUNDS,
        "/surfaces/*/bounds/choices_max",
        "/surfaces/*/bounds/choices",
        (Found("registry", "/surfaces/*/bounds/choices", BOUNDS),),
    ),
    "design that needs more than its cap": Mistake(
        CHAPTER,
        f"excluded: pending C\n{DESIGNED}cap: 400}}",
        f"{DESIGNED}cap: 40}}",
        (
            Found("design", "cap: 40}", CHAPTER),
            Found("check-missing", "### DCL-05", CHAPTER),
            Found("mutant-missing", "### DCL-05", CHAPTER),
        ),
    ),
    "design that tells nothing apart": Mistake(
        CHAPTER,
        "violating: 0.1,",
        "violating: 0.01,",
        (Found("design", "violating: 0.01,", CHAPTER),),
    ),
    "kind of evidence that the schema lacks": Mistake(
        KINDS,
        "  - {id: coverage,",
        "  - {id: timing, title: Timing, status: active}\n  - {id: coverage,",
        (Found("registry-enum", "id: timing", KINDS),),
    ),
    "kind of evidence that the registry lacks": Mistake(
        COMMON,
        '"coverage",',
        '"coverage",\n        "timing",',
        (Found("registry-enum", '"timing"', COMMON),),
    ),
    "check for an unknown requirement": Mistake(
        CHECKS,
        '@requirement("DCL-01")',
        '@requirement("DCL-10")',
        (
            Found("check-unknown", '@requirement("DCL-10")', CHECKS),
            Found("check-missing", "### DCL-01", CHAPTER),
        ),
    ),
    "check for an attested requirement": Mistake(
        CHECKS,
        "class TestValidity",
        '@requirement("DCL-03")\ndef test_keys(lab): ...\n\n\nclass TestValidity',
        (Found("check-untestable", '@requirement("DCL-03")', CHECKS),),
    ),
    "check for an excluded requirement": Mistake(
        CHECKS,
        "class TestValidity",
        '@requirement("DCL-05")\ndef test_keys(lab): ...\n\n\nclass TestValidity',
        (Found("check-excluded", '@requirement("DCL-05")', CHECKS),),
    ),
    "test requirement without a check": Mistake(
        CHECKS,
        '    @requirement("DCL-02")\n',
        "",
        (Found("check-missing", "### DCL-02", CHAPTER),),
    ),
    "check for a computed identifier": Mistake(
        CHECKS,
        '@requirement("DCL-01")',
        '@requirement("DCL" + "-01")',
        (
            Found("check-source", '@requirement("DCL"', CHECKS),
            Found("check-missing", "### DCL-01", CHAPTER),
        ),
    ),
    "check that is not Python": Mistake(
        CHECKS,
        "class TestValidity:",
        "class TestValidity",
        (
            Found("check-source", "class TestValidity\n", CHECKS),
            Found("check-missing", "### DCL-01", CHAPTER),
            Found("check-missing", "### DCL-02", CHAPTER),
        ),
    ),
    "mutant of an unknown requirement": Mistake(
        MUTANTS,
        'breaks=("DCL-02",)',
        'breaks=("DCL-02", "DCL-20")',
        (Found("mutant-unknown", '"DCL-20"', MUTANTS),),
    ),
    "no mutant": Mistake(
        MUTANTS,
        'breaks=("DCL-02",)',
        'breaks=("DCL-01",)',
        (Found("mutant-missing", "### DCL-02", CHAPTER),),
    ),
    "mutant that breaks nothing": Mistake(
        MUTANTS,
        'breaks=("DCL-02",)',
        "breaks=()",
        (
            Found("mutant-source", "breaks=()", MUTANTS),
            Found("mutant-missing", "### DCL-02", CHAPTER),
        ),
    ),
}


def test_a_standard_in_order_has_no_findings(standard):
    assert standard.inspect() == []


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_planted_mistake_is_found_where_it_is(standard, mistake):
    standard.edit(mistake.file, mistake.old, mistake.new)

    found = {(finding.file, finding.line, finding.rule) for finding in standard.inspect()}

    assert found == {
        (expected.file, standard.line(expected.file, expected.needle), expected.rule)
        for expected in mistake.found
    }


def test_a_circle_of_prerequisites_is_found_once(standard):
    standard.edit(CHAPTER, "core: true\n", "core: true\ndepends_on: [DCL-02] # back\n")
    standard.edit(CHAPTER, "level: L2\nkeyword: MUST NOT", "level: L1\nkeyword: MUST NOT")

    findings = standard.inspect()

    assert [(finding.rule, finding.line) for finding in findings] == [
        ("dependency-cycle", standard.line(CHAPTER, "  - DCL-01"))
    ]
    assert "DCL-01 -> DCL-02" in findings[0].message


def test_a_chapter_with_another_name_is_not_overlooked(standard):
    (standard.chapters / "02-declaration.md").rename(standard.chapters / "02_declaration.md")

    assert ("chapter", "spec/0.1/02_declaration.md") in {
        (finding.rule, finding.file) for finding in standard.inspect()
    }


def test_two_chapters_do_not_share_a_family(standard):
    text = "# More\n\n```yaml chapter\nfamily: DCL\norder: 3\n```\n"
    (standard.chapters / "03-more.md").write_text(text)

    assert [(f.rule, f.file) for f in standard.inspect()] == [("chapter", "spec/0.1/03-more.md")]


def test_a_text_that_is_no_chapter_is_left_alone(standard):
    (standard.chapters / "README.md").write_text("# How to edit\n\nNothing about DCL-99.\n")

    assert standard.inspect() == []


def test_without_a_folder_of_mutants_none_is_asked_for(standard):
    assert inspect_specification(standard.root, "0.1", standard.checks) == []
