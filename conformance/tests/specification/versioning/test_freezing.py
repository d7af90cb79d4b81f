"""A frozen version never changes, and whoever changes it is told what to do."""

import datetime
import json

import pytest
from conformance_commands import spec
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.location import standing_version, versions
from drs_conformance.specification.versioning.lock import FreezeRefusedError, freeze, read_lock

CHAPTER = "spec/0.1/02-declaration.md"
DAY = datetime.date(2026, 12, 1)


@pytest.fixture
def frozen(complete):
    freeze("0.1", complete.root, DAY, complete.inspect())
    assert complete.inspect() == []
    return complete


def only(findings) -> Finding:
    (finding,) = findings
    assert finding.rule == "frozen"
    return finding


def test_one_word_of_a_requirement_is_found_and_the_editor_is_told_what_to_do(frozen):
    frozen.edit(CHAPTER, "MUST serve a", "MUST publish a")
    finding = only(frozen.inspect())
    assert (finding.file, finding.line) == (CHAPTER, frozen.line(CHAPTER, "### DCL-01"))
    assert finding.message == (
        "DCL-01 changed in what it demands, but version 0.1 is frozen since 2026-12-01 and never "
        f"changes; put it back (git checkout -- {CHAPTER}) and make the change in the next one "
        "(drs spec open 0.2)"
    )


def test_the_command_that_ci_runs_fails_with_that_message(frozen, capsys):
    frozen.edit(CHAPTER, "MUST serve a", "MUST publish a")
    assert spec("check", "--root", frozen.root) == 1
    assert "drs spec open 0.2" in capsys.readouterr().out


def test_where_the_next_version_is_open_the_change_belongs_there(frozen, capsys):
    assert spec("open", "0.2", "--root", frozen.root) == 0
    frozen.edit(CHAPTER, "MUST serve a", "MUST publish a")
    assert only(frozen.inspect()).message.endswith("and make the change in spec/0.2")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (CHAPTER, "Rationale: what is promised is public.", "Rationale: it is public."),
        ("spec/0.1/registries/bounds.yaml", "L1: 20, L2: 5", "L1: 20, L2: 4"),
    ],
    ids=["rationale", "registry"],
)
def test_what_binds_nobody_and_registries_are_frozen_too(frozen, file, old, new):
    frozen.edit(file, old, new)
    finding = only(frozen.inspect())
    assert (finding.file, finding.line) == (file, 1)
    assert finding.message.startswith("was changed, but version 0.1 is frozen")


def test_a_schema_is_frozen_too(frozen):
    path = frozen.root / "schemas/0.1/advance.schema.json"
    path.write_text(path.read_text() + "\n")
    assert only(frozen.inspect()).file == "schemas/0.1/advance.schema.json"


def test_a_missing_file_and_an_added_one_are_found(frozen):
    (frozen.root / "schemas/0.1/advance.schema.json").unlink()
    (frozen.root / "spec/0.1/registries/more.txt").write_text("")
    added, missing = sorted(
        (f for f in frozen.inspect() if f.rule == "frozen"), key=lambda f: f.message
    )[::-1]
    assert added.message.startswith("was added")
    assert "take it out" in added.message
    assert missing.message.startswith("is missing")


def test_a_lock_that_was_tampered_with_is_found(frozen):
    path = frozen.root / "spec/0.1/frozen.lock"
    lock = json.loads(path.read_text())
    del lock["files"]
    path.write_text(json.dumps(lock))
    assert "expected a lock with the member 'files'" in only(frozen.inspect()).message


def test_a_lock_holds_what_was_frozen(frozen):
    lock = read_lock("0.1", frozen.root)
    assert lock is not None
    assert (lock.version, lock.date) == ("0.1", "2026-12-01")
    assert set(lock.requirements) == {"DCL-01", "DCL-02", "DCL-03", "DCL-04", "DCL-05"}
    assert CHAPTER in lock.files
    assert "spec/0.1/frozen.lock" not in lock.files


def test_what_is_pending_cannot_be_frozen(standard, capsys):
    assert spec("freeze", "0.1", "--root", standard.root) == 2
    assert "DCL-05 is pending C" in capsys.readouterr().err
    assert read_lock("0.1", standard.root) is None


def test_what_has_mistakes_cannot_be_frozen(complete):
    complete.edit(CHAPTER, "#DCL-02)", "#DCL-20)")
    with pytest.raises(FreezeRefusedError, match="dangling-anchor"):
        freeze("0.1", complete.root, DAY, complete.inspect())


def test_a_version_is_frozen_once(frozen):
    with pytest.raises(FreezeRefusedError, match="frozen already"):
        freeze("0.1", frozen.root, DAY, [])


def test_an_older_draft_is_frozen_first(complete, capsys):
    assert spec("open", "0.2", "--root", complete.root) == 0
    assert spec("freeze", "0.2", "--root", complete.root) == 2
    assert "version 0.1 before it is still a draft" in capsys.readouterr().err


def test_endpoints_are_held_against_the_newest_frozen_version(complete):
    assert spec("open", "0.2", "--root", complete.root) == 0
    assert standing_version(complete.root) == "0.2"
    freeze("0.1", complete.root, DAY, [])
    assert versions(complete.root) == ("0.1", "0.2")
    assert standing_version(complete.root) == "0.1"


def test_an_unknown_version_is_refused_with_those_that_are_there(complete, capsys):
    assert spec("freeze", "0.7", "--root", complete.root) == 2
    assert "versions that are there: 0.1" in capsys.readouterr().err
