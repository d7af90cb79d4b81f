"""The audit trail leaves the storage whole, and whoever changed what left is found."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from drs_reference.cli import main
from drs_reference.response.controls import ControlEntry
from drs_reference.storage.audit import START, chained
from drs_reference.storage.audit_lines import AuditLineError, read_trail
from drs_reference.storage.base import Change
from drs_reference.storage.sqlite import SqliteStorage

Say = Callable[..., tuple[int, str, str]]


def entries(count: int) -> Change:
    return Change(
        entries=tuple(
            ControlEntry("rule", f"rule-{n}", "enabled", None, ("anna", "bo")) for n in range(count)
        )
    )


@pytest.fixture(name="say")
def _say(capsys: pytest.CaptureFixture[str]) -> Say:
    def say(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["audit", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return say


@pytest.fixture(name="storage")
def _storage(tmp_path: Path) -> Path:
    storage = SqliteStorage(tmp_path / "s.sqlite")
    storage.commit(entries(6))
    storage.close()
    return tmp_path / "s.sqlite"


@pytest.fixture(name="trail")
def _trail(storage: Path, say: Say, tmp_path: Path) -> Path:
    code, out, said = say("export", "--storage", f"sqlite:///{storage}", "--out", tmp_path / "t")
    assert (code, out) == (0, "")
    assert said.startswith("6 records. Head: sha256:")
    return tmp_path / "t"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_what_leaves_verifies(trail: Path, say: Say, conforms: Any) -> None:
    for document in lines(trail):
        conforms("audit-record", document)
    code, out, said = say("verify", trail)
    assert (code, said) == (0, "")
    assert out.startswith("6 records, 1 to 6, follow from each other.\n  6 rule\n")
    assert f"Head: {lines(trail)[-1]['digest']}\n" in out
    assert trail.stat().st_mode & 0o777 == 0o600


def test_to_standard_output(storage: Path, trail: Path, say: Say) -> None:
    code, out, _ = say("export", "--storage", f"sqlite:///{storage}")
    assert code == 0
    assert out.encode() == trail.read_bytes()


def test_a_server_runs_meanwhile(storage: Path, say: Say) -> None:
    server = SqliteStorage(storage)
    try:
        server.commit(entries(1))
        code, out, _ = say("export", "--storage", f"sqlite:///{storage}")
        server.commit(entries(1))
    finally:
        server.close()
    assert code == 0
    assert len(out.splitlines()) == 7
    assert len(list(SqliteStorage(storage).audit())) == 8


def test_an_endpoint_runs_meanwhile(endpoint: Any, say: Say, tmp_path: Path) -> None:
    url = f"sqlite:///{endpoint.folder / 'storage.sqlite'}"
    assert say("export", "--storage", url, "--out", tmp_path / "before")[0] == 0
    endpoint.flag("fresh-1")
    assert say("export", "--storage", url, "--out", tmp_path / "after")[0] == 0
    head = lines(tmp_path / "before")[-1]["digest"] if lines(tmp_path / "before") else START
    code, out, _ = say("verify", tmp_path / "after", "--head", head)
    assert code == 0, out
    assert "transition" in out
    assert len(lines(tmp_path / "after")) > len(lines(tmp_path / "before"))


def test_from_a_record_on(storage: Path, trail: Path, say: Say, tmp_path: Path) -> None:
    heads = [document["digest"] for document in lines(trail)]
    rest, url = tmp_path / "rest", f"sqlite:///{storage}"
    assert say("export", "--storage", url, "--after", "4", "--out", rest)[0] == 0
    assert rest.read_bytes().splitlines() == trail.read_bytes().splitlines()[4:]
    assert say("verify", rest, "--head", heads[3])[0] == 0
    assert say("verify", rest, "--head", heads[4])[0] == 0
    code, out, _ = say("verify", rest, "--head", heads[2])
    assert code == 1
    assert "is not in this chain" in out
    code, _, said = say("verify", rest)
    assert code == 2
    assert "begins with record 5" in said
    code, _, said = say("export", "--storage", url, "--after", "7")
    assert code == 2
    assert "the trail ends at 6" in said
    assert say("export", "--storage", url, "--after", "6")[:2] == (0, "")


def test_nothing_is_a_trail_too(say: Say, tmp_path: Path) -> None:
    SqliteStorage(tmp_path / "s.sqlite").close()
    url = f"sqlite:///{tmp_path / 's.sqlite'}"
    code, out, said = say("export", "--storage", url, "--out", tmp_path / "t")
    assert (code, out, said) == (0, "", f"0 records. Head: {START}\n")
    assert say("verify", tmp_path / "t")[0] == 0
    assert say("verify", tmp_path / "t", "--head", START)[0] == 0
    assert say("verify", tmp_path / "t", "--head", f"sha256:{'1' * 64}")[0] == 1


def rewritten(documents: list[dict[str, Any]], start: int) -> list[dict[str, Any]]:
    """Make the chain good again from a record on, as somebody would who covers traces."""
    made = documents[:start]
    for document in documents[start:]:
        record = chained(
            made[-1]["sequence"] + 1 if made else 1,
            rfc8785.dumps(document["entry"]),
            made[-1]["digest"] if made else START,
        )
        made.append(record.document())
    return made


def test_who_makes_the_chain_good_again_is_found_by_an_earlier_head(
    trail: Path, say: Say, tmp_path: Path
) -> None:
    documents = lines(trail)
    head = documents[3]["digest"]
    documents[2]["entry"]["subject"] = "rule-99"
    forged = tmp_path / "forged"
    forged.write_bytes(b"".join(rfc8785.dumps(d) + b"\n" for d in rewritten(documents, 2)))
    assert say("verify", forged)[0] == 0
    code, out, _ = say("verify", forged, "--head", head)
    assert code == 1
    assert "is not in this chain" in out


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.pop(2), "line 3: audit record 4 does not follow"),
        (lambda d: d.insert(2, d[2]), "line 4: audit record 3 does not follow"),
        (lambda d: d[3]["entry"].update(subject="rule-99"), "line 4: audit record 4"),
        (lambda d: d[3].update(sequence=9), "line 4: audit record 9"),
        (lambda d: d[3].update(digest="sha256:" + "0" * 64), "line 4: audit record 4"),
        (lambda d: d[0].update(previous="sha256:" + "1" * 64), "line 1: audit record 1"),
        (lambda d: d[3].update(note="x"), "line 4: the body has a member"),
        (lambda d: d[3]["entry"].pop("approvals"), "line 4: entry"),
    ],
)
def test_a_change_is_found(
    change: Callable[[list[dict[str, Any]]], object],
    named: str,
    trail: Path,
    say: Say,
    tmp_path: Path,
) -> None:
    documents = lines(trail)
    change(documents)
    changed = tmp_path / "changed"
    changed.write_bytes(b"".join(rfc8785.dumps(document) + b"\n" for document in documents))
    code, out, _ = say("verify", changed)
    assert code == 1
    assert f"{changed}: {named}" in out


def test_every_flipped_bit_is_found(trail: Path) -> None:
    content = trail.read_bytes()
    for place in range(0, len(content), 11):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 7
        with pytest.raises(AuditLineError):
            read_trail(io.BytesIO(changed))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"no record\n", "line 1: the body must be JSON"),
        (b"\xff\n", "line 1: the body must be UTF-8"),
        (b"[]\n", "line 1: the body must be a JSON object, not an array of 0"),
        (b" " * 3_000_000, "line 1: expected a record of at most 1048576 bytes, got more"),
        (b"\n", "line 1: the body must be JSON"),
    ],
)
def test_what_is_no_record(text: bytes, named: str, say: Say, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(text)
    code, out, _ = say("verify", tmp_path / "t")
    assert code == 1
    assert f"{tmp_path / 't'}: {named}" in out


def test_a_trail_that_was_changed_in_the_storage_is_not_written(
    storage: Path, say: Say, tmp_path: Path
) -> None:
    server = SqliteStorage(storage)
    with server._file.transaction() as run:
        run.execute("DELETE FROM audit WHERE sequence = 3")
    server.close()
    code, out, said = say("export", "--storage", f"sqlite:///{storage}", "--out", tmp_path / "t")
    assert (code, out) == (1, "")
    assert "audit record 4 does not follow" in said
    assert not (tmp_path / "t").exists()


def test_what_cannot_be_read_or_written(storage: Path, say: Say, tmp_path: Path) -> None:
    code, _, said = say("export", "--storage", f"sqlite:///{tmp_path / 'missing'}")
    assert code == 2
    assert "there is no storage" in said
    assert not (tmp_path / "missing").exists()
    code, _, said = say("export", "--storage", "postgres://x")
    assert (code, "--storage must be" in said) == (2, True)
    (tmp_path / "text").write_text("not a database, but long enough to look at" * 50)
    code, _, said = say("export", "--storage", f"sqlite:///{tmp_path / 'text'}")
    assert (code, "cannot be read" in said) == (2, True)
    url, nowhere = f"sqlite:///{storage}", tmp_path / "no" / "t"
    assert say("export", "--storage", url, "--out", nowhere)[0] == 2
    folder = tmp_path / "folder"
    folder.mkdir()
    assert say("export", "--storage", url, "--out", folder)[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    assert say("verify", tmp_path / "missing")[0] == 2


@pytest.mark.parametrize("head", ["x", "sha256:0", "SHA256:" + "0" * 64])
def test_what_is_no_head(head: str, trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "verify", str(trail), "--head", head])
    assert ended.value.code == 2
    assert "64 hexadecimal digits" in capsys.readouterr().err
