"""The next version begins as a copy that stands on its own feet."""

import pytest
from conformance_commands import spec
from drs_conformance.specification.inspection import inspect_specification
from drs_conformance.specification.location import versions
from drs_conformance.specification.versioning.difference import Text, difference
from drs_conformance.specification.versioning.opening import OpenRefusedError, open_version


def test_a_copy_is_in_order_and_says_the_same(complete):
    open_version("0.2", "0.1", complete.root)
    assert inspect_specification(complete.root, "0.2", complete.checks, complete.mutants) == []
    change = difference(Text.read("0.1", complete.root), Text.read("0.2", complete.root))
    assert change.is_empty
    assert change.faults == ()


def test_schemas_are_named_after_their_version_and_since_stays(complete):
    open_version("0.2", "0.1", complete.root)
    text = (complete.root / "schemas/0.2/declaration.schema.json").read_text()
    assert '"https://distillation-resistance.example/schemas/0.2/declaration.schema.json"' in text
    assert '"const": "0.2"' in text
    assert "0.1" not in text
    assert 'since: "0.1"' in (complete.root / "spec/0.2/02-declaration.md").read_text()


def test_a_requirement_of_the_next_version_only_may_have_its_check(complete):
    open_version("0.2", "0.1", complete.root)
    path = complete.root / "spec/0.2/02-declaration.md"
    section = path.read_text().split("### DCL-01")[1].split("### DCL-02")[0]
    section = section.replace("DCL-01", "DCL-06").replace('since: "0.1"', 'since: "0.2"')
    path.write_text(path.read_text().replace("## Withdrawn", f"### DCL-06{section}## Withdrawn"))
    check = '\n\n@requirement("DCL-06")\ndef test_more(lab):\n    assert lab\n'
    checks = complete.checks / "declaring.py"
    checks.write_text(checks.read_text() + check)
    mutants = complete.mutants / "declaring.py"
    more = '\n\n@endpoints.mutant(breaks=["DCL-06"])\ndef more(): ...\n'
    mutants.write_text(mutants.read_text() + more)
    for version in ("0.1", "0.2"):
        found = inspect_specification(complete.root, version, complete.checks, complete.mutants)
        assert [item for item in found if "anchor" not in item.rule] == []


@pytest.mark.parametrize("new", ["0.1", "0.0", "1", "0.02", "next", "../0.2"])
def test_only_the_number_of_a_later_version_is_taken(complete, new):
    with pytest.raises(OpenRefusedError):
        open_version(new, "0.1", complete.root)
    assert versions(complete.root) == ("0.1",)


def test_a_folder_in_the_way_is_left_alone(complete):
    mine = complete.root / "schemas/0.2/mine.txt"
    mine.parent.mkdir()
    mine.write_text("Mine")
    with pytest.raises(OpenRefusedError, match=r"expected no .*schemas/0\.2"):
        open_version("0.2", "0.1", complete.root)
    assert mine.read_text() == "Mine"


def test_nothing_is_left_behind_when_a_copy_fails(complete, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("drs_conformance.specification.versioning.opening._renumber", fail)
    with pytest.raises(OSError, match="No space"):
        open_version("0.2", "0.1", complete.root)
    assert not list(complete.root.glob("*/*0.2*"))


def test_the_command_says_what_it_made(complete, capsys):
    assert spec("open", "0.2", "--root", complete.root) == 0
    said = "Version 0.2 is open as a draft, a copy of 0.1: spec/0.2 and schemas/0.2.\n"
    assert capsys.readouterr().out == said
    assert spec("open", "0.2", "--root", complete.root) == 2
    assert "expected a version after 0.2" in capsys.readouterr().err
