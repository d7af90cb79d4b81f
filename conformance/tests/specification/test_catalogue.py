"""The catalogue holds what the chapters say, and its digests change when a demand does."""

import hashlib
import json

import pytest
from drs_conformance.specification.catalogue import CatalogueError, load_catalogue
from drs_conformance.specification.catalogue_views import catalogue_document, catalogue_markdown
from drs_conformance.specification.location import StandardNotFoundError, standard_root
from drs_conformance.specification.schemas import problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CHAPTER = "spec/0.1/02-declaration.md"

# Each example writes the whole chapter anew, so sharing the folder between examples is sound.
edited = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
spaces = st.sampled_from([" ", "  ", "\n", " \n", "\n ", "   "])


def digests(standard):
    catalogue = load_catalogue(root=standard.root)
    return {item.id: item.digest for item in catalogue.requirements} | {"all": catalogue.digest}


def chapter_of(standard):
    return (standard.root / CHAPTER).read_text()


def rewrite(standard, old, new, text):
    assert text.count(old) == 1
    (standard.root / CHAPTER).write_text(text.replace(old, new))


def test_requirements_come_in_the_order_of_the_text_with_all_they_say(standard):
    catalogue = load_catalogue(root=standard.root)

    assert [item.id for item in catalogue.requirements] == [f"DCL-0{n}" for n in range(1, 6)]
    first, second, *_, last = catalogue.requirements
    assert first.title == "Public declaration"
    assert first.sentence == "A provider MUST serve a `MUST.json` document at the well-known place."
    assert first.rationale == "what is promised is public."
    assert (first.core, first.depends_on, first.schemas) == (True, (), ())
    assert (first.chapter, first.family, first.file) == ("02-declaration", "DCL", CHAPTER)
    assert first.line == standard.line(CHAPTER, "### DCL-01")
    assert second.depends_on == ("DCL-01",)
    assert second.rationale == "a closed schema finds misspelt members.\n\n- One.\n- Two."
    assert last.design == {
        "kind": "rate",
        "conforming": 0.01,
        "violating": 0.1,
        "alpha": 0.001,
        "beta": 0.01,
        "cap": 400,
    }
    assert last.excluded == "pending C"
    assert catalogue.by_id["DCL-03"].attested_by == "The officer responsible for keys"
    assert catalogue.by_id["DCL-04"].evidence == "The archive"
    assert [threat.id for threat in catalogue.threats] == ["T-01", "T-02"]
    assert catalogue.threats[1].text == "Honest users get worse answers."
    assert [(chapter.name, chapter.family) for chapter in catalogue.chapters] == [
        ("01-model", None),
        ("02-declaration", "DCL"),
    ]
    assert [item.id for item in catalogue.retired] == ["DCL-90"]


def test_the_catalogue_is_a_document_of_its_schema(standard):
    document = catalogue_document(load_catalogue(root=standard.root))
    assert problems("catalogue", json.loads(json.dumps(document))) == []
    assert document["requirements"][4]["design"]["cap"] == 400


def test_the_real_catalogue_is_a_document_of_its_schema():
    catalogue = load_catalogue()
    assert problems("catalogue", catalogue_document(catalogue)) == []
    assert len(catalogue.requirements) >= 30


def test_the_markdown_has_a_row_for_each_requirement(standard):
    catalogue = load_catalogue(root=standard.root)
    text = catalogue_markdown(catalogue)
    for item in catalogue.requirements:
        assert f"\n| {item.id} | {item.title} |" in text
    assert "| test (pending C) |" in text


@edited
@given(gaps=st.lists(spaces, min_size=7, max_size=7))
def test_white_space_leaves_a_digest_alone(standard, gaps):
    text = chapter_of(standard)
    before = digests(standard)
    words = ["A", "surface", "MUST", "sample", "from", "one", "distribution."]
    spaced = words[0] + "".join(gap + word for gap, word in zip(gaps, words[1:], strict=False))
    rewrite(standard, " ".join(words), spaced, text)
    try:
        assert digests(standard) == before
    finally:
        (standard.root / CHAPTER).write_text(text)


@edited
@given(reason=st.text("abcdefg,", min_size=1, max_size=40))
def test_a_rationale_leaves_a_digest_alone(standard, reason):
    text = chapter_of(standard)
    before = digests(standard)
    rewrite(standard, "Rationale: a dispute is about", f"Rationale: x{reason}", text)
    try:
        assert digests(standard) == before
    finally:
        (standard.root / CHAPTER).write_text(text)


@edited
@given(
    place=st.integers(0, 6),
    word=st.from_regex(r"[a-z]{1,8}", fullmatch=True),
)
def test_another_word_changes_the_digest_of_its_requirement_alone(standard, place, word):
    text = chapter_of(standard)
    before = digests(standard)
    sentence = "A surface MUST sample from one distribution."
    words = sentence.split()
    words.insert(place, word)
    rewrite(standard, sentence, " ".join(words), text)
    try:
        after = digests(standard)
    finally:
        (standard.root / CHAPTER).write_text(text)
    assert {name for name in before if before[name] != after[name]} == {"DCL-05", "all"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("threats: [T-02]", "threats: [T-01]"),
        ("excluded: pending C\n", ""),
        ("excluded: pending C", "excluded: pending D"),
        ("attested_by: The officer", "attested_by: The person"),
        ("### DCL-05 Same distribution", "### DCL-05 One distribution"),
        ("This chapter answers", "\n\nThis chapter answers"),
        ("[provider, hub]", "[hub, provider]"),
        ("depends_on: [DCL-01, DCL-02]", "depends_on: [DCL-02, DCL-01]"),
        ("core: true", "core: true\ndepends_on: []"),
    ],
)
def test_what_demands_nothing_else_leaves_digests_alone(standard, old, new):
    before = digests(standard)
    standard.edit(CHAPTER, old, new)
    assert digests(standard) == before


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("core: true\n", "", "DCL-01"),
        ("level: L2\nkeyword: MUST NOT", "level: L3\nkeyword: MUST NOT", "DCL-02"),
        ("keyword: MUST NOT", "keyword: SHOULD NOT", "DCL-02"),
        ("[provider, hub]", "[provider]", "DCL-02"),
        ("schemas: [declaration]", "schemas: [problem]", "DCL-02"),
        ("[bounds, ladder]", "[bounds]", "DCL-02"),
        ("depends_on: [DCL-01, DCL-02]", "depends_on: [DCL-01]", "DCL-05"),
        ("cap: 400", "cap: 500", "DCL-05"),
        ("verify: inspect\nevidence", "verify: attest\nattested_by", "DCL-04"),
        ("`MUST.json`", "`must.json`", "DCL-01"),
    ],
)
def test_another_demand_changes_the_digest_of_its_requirement_alone(standard, old, new, changed):
    before = digests(standard)
    standard.edit(CHAPTER, old, new)
    after = digests(standard)
    assert {name for name in before if before[name] != after[name]} == {changed, "all"}


def test_the_place_in_the_text_leaves_digests_alone(standard):
    before = digests(standard)
    text = chapter_of(standard)
    first, second = text.index("### DCL-03"), text.index("### DCL-04")
    moved = text[:first] + text[second:] + "\n" + text[first:second]
    (standard.root / CHAPTER).write_text(moved)
    assert digests(standard) == before


def test_a_digest_is_sha256_over_the_jcs_form_of_the_demand(standard):
    demanded = (
        b'{"applies_to":["provider"],"core":true,"depends_on":[],"design":null,"id":"DCL-01",'
        b'"keyword":"MUST","level":"L1","registries":[],"schemas":[],'
        b'"sentence":"A provider MUST serve a `MUST.json` document at the well-known place.",'
        b'"verify":"test"}'
    )
    expected = f"sha256:{hashlib.sha256(demanded).hexdigest()}"
    assert load_catalogue(root=standard.root).by_id["DCL-01"].digest == expected


def test_a_malformed_chapter_makes_no_catalogue(standard):
    standard.edit(CHAPTER, "core: true", "core: maybe")
    line = standard.line(CHAPTER, "core: maybe")
    with pytest.raises(CatalogueError, match=f"{CHAPTER}:{line}: fence-key"):
        load_catalogue(root=standard.root)


def test_an_identifier_that_stands_twice_makes_no_catalogue(standard):
    standard.edit(CHAPTER, "### DCL-03", "### DCL-02")
    with pytest.raises(CatalogueError, match="id-duplicate"):
        load_catalogue(root=standard.root)


def test_an_unknown_version_is_an_error_that_names_the_known_ones():
    with pytest.raises(StandardNotFoundError, match=r"version 9\.9.*0\.1"):
        load_catalogue("9.9")


def test_the_standard_is_found_without_being_told_where():
    assert (standard_root() / "spec/0.1").is_dir()
    assert (standard_root() / "schemas/0.1").is_dir()
