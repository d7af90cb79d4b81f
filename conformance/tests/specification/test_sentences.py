"""Keywords and sentences are counted as a reader counts them."""

import pytest
from drs_conformance.specification.references import heading_slug, references_in
from drs_conformance.specification.sentences import keywords_in, sentence_count, visible_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A MUST NOT b", ["MUST NOT"]),
        ("A MUST\nNOT b", ["MUST NOT"]),
        ("A must b", []),
        ("A MUSTER b", []),
        ("A is NOT RECOMMENDED", ["NOT RECOMMENDED"]),
        ("`MUST` is not said", []),
        ("[MUST](x.md#SHOULD)", ["MUST"]),
        ("A **SHALL NOT** b and MAY c", ["SHALL NOT", "MAY"]),
        (
            "A SHALL b, C is REQUIRED, d OPTIONAL, e RECOMMENDED, f SHOULD NOT",
            ["SHALL", "REQUIRED", "OPTIONAL", "RECOMMENDED", "SHOULD NOT"],
        ),
    ],
)
def test_keywords(text, expected):
    assert keywords_in(visible_text(text)) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One.", 1),
        ("One. Two.", 2),
        ("One? Two!", 2),
        ("No end", 0),
        ("One. No end", 1),
        ("A bound of 0.5, e.g. one of RFC 9457, section 3.1.", 1),
        ("By Carlini et al. (2024).", 1),
        ("It ends in `a. b.` here.", 1),
        ("(One. Two.)", 2),
        ("See a.b.c. Then d.", 2),
    ],
)
def test_sentences(text, count):
    assert sentence_count(visible_text(text)) == count


def test_references_have_the_lines_on_which_they_stand():
    text = (
        "# A DCL-01\n\nOne DCL-02\nand [x](a.md#b) `DCL-03`\n[DCL-04](https://e.example) T-01.\n\n"
        "| c |\n| --- |\n| DCL-05 |\n\n- DCL-02\n  - ![p](p.png)\n\n```\nDCL-06\n```\n"
    )
    assert [(r.kind, r.target, r.line) for r in references_in(text)] == [
        ("id", "DCL-02", 3),
        ("link", "a.md#b", 4),
        ("id", "T-01", 5),
        ("id", "DCL-05", 9),
        ("id", "DCL-02", 11),
        ("link", "p.png", 12),
    ]


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("How to read this", "how-to-read-this"),
        ("What, and why?", "what-and-why"),
        ("Größe & `code`", "groe-code"),
    ],
)
def test_slugs_are_those_of_the_site(heading, slug):
    assert heading_slug(heading) == slug
