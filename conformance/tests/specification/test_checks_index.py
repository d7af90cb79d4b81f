"""Checks and mutants are found in source code that is never run."""

import pytest
from drs_conformance.specification.checks_index import CheckSourceError, find_checks, find_mutants


def test_checks_are_found_wherever_they_stand(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/test_a.py").write_text(
        "raise SystemExit  # never run\n"
        "import checks\n"
        "@other\n"
        '@checks.requirement("DCL-02")\n'
        "async def test_two(): ...\n"
        "class TestMore:\n"
        "    if True:\n"
        '        @requirement("DCL-01")\n'
        "        def test_one(self): ...\n"
    )
    found = find_checks(tmp_path)

    assert [(c.requirement, c.module, c.function, c.line) for c in found] == [
        ("DCL-02", "deep.test_a", "test_two", 4),
        ("DCL-01", "deep.test_a", "TestMore.test_one", 8),
    ]
    assert {check.file for check in found} == {tmp_path / "deep/test_a.py"}


def test_one_function_may_be_the_check_of_several_requirements(tmp_path):
    (tmp_path / "a.py").write_text(
        '@requirement("DCL-01")\n@requirement("DCL-02")\ndef test_both(): ...\n'
    )
    assert [check.requirement for check in find_checks(tmp_path)] == ["DCL-01", "DCL-02"]


def test_mutants_are_found_with_what_they_break(tmp_path):
    (tmp_path / "a.py").write_text(
        '@mutant(breaks=["DCL-01", "DCL-02"], slow=True)\ndef first(): ...\n'
        '@mutant(breaks=("EXP-01",))\nclass Second: ...\n'
    )
    assert [(m.name, m.breaks, m.line) for m in find_mutants(tmp_path)] == [
        ("first", ("DCL-01", "DCL-02"), 1),
        ("Second", ("EXP-01",), 3),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n@requirement(NAME)\ndef test(): ...\n", 2),
        ("@requirement\ndef test(): ...\n", 1),
        ('@requirement("DCL-01", "DCL-02")\ndef test(): ...\n', 1),
        ("x = 1\ndef test(:\n", 2),
        ("\0", 1),
    ],
)
def test_what_cannot_be_indexed_is_an_error_with_its_line(tmp_path, text, line):
    (tmp_path / "a.py").write_text(text)
    with pytest.raises(CheckSourceError) as raised:
        find_checks(tmp_path)
    assert (raised.value.file, raised.value.line) == (tmp_path / "a.py", line)


@pytest.mark.parametrize(
    "arguments", ["", 'breaks="DCL-01"', "breaks=IDS", 'breaks=["DCL-01", 2]', "breaks=[]"]
)
def test_a_mutant_that_does_not_say_what_it_breaks_is_an_error(tmp_path, arguments):
    (tmp_path / "a.py").write_text(f"@mutant({arguments})\ndef first(): ...\n")
    with pytest.raises(CheckSourceError, match="breaks"):
        find_mutants(tmp_path)


def test_without_a_folder_there_are_none(tmp_path):
    assert find_checks(tmp_path / "missing") == ()
    assert find_mutants(tmp_path / "missing") == ()
