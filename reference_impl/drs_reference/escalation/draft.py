"""A draft of a dossier, with its evidence, from a case that people wrote down."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from drs_reference.escalation.custody import linked
from drs_reference.escalation.dossier import RefusedError, UnreadableError, faults, written
from drs_reference.escalation.evidence import sha256, taken
from drs_reference.escalation.sign_offs import SIGN_OFFS
from drs_reference.exchange.canonical import parse
from drs_reference.exchange.members import only, read_mapping
from drs_reference.json_text import BodyError, Members
from drs_reference.timestamps import rfc3339

__all__ = ["draft"]


def draft(case: Path, out: Path, now: datetime) -> dict[str, Any]:
    """Write ``dossier.json`` and the items below ``evidence`` into a new folder; the dossier.

    A case, in YAML or JSON, is a dossier in which each item names its ``record``, a file beside
    the case, and which leaves out what follows from the rest: digests, links, times of signing.
    Raises ``RefusedError``, ``UnreadableError`` or ``OSError``; then there is no folder.
    """
    given = _read(case)
    files: dict[str, bytes] = {}
    try:
        for name in SIGN_OFFS.values():
            only(given.inner(name), "person", "role", "statement")
        items = [_item(item, case.parent, files) for item in given.items("items")]
    except (BodyError, ValueError) as error:
        raise RefusedError([str(error)]) from error
    dossier = {**given.members, "made_at": rfc3339(now), "items": items}
    reasons = faults(dossier)
    if reasons:
        raise RefusedError(reasons)
    _file({"dossier.json": written(dossier), **files}, out)
    return dossier


def _read(case: Path) -> Members:
    try:
        # YAML knows more than JSON does, such as sets; a dossier is JSON.
        text = json.dumps(read_mapping(case.read_text("utf-8")).members, ensure_ascii=False)
        return Members(parse(text.encode()))
    except BodyError as error:
        raise UnreadableError(f"{case}: {error.message}") from error
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"{case} does not hold what JSON can say: {error}") from error


def _item(given: Members, folder: Path, files: dict[str, bytes]) -> dict[str, Any]:
    """The item of the dossier; its content is put into ``files``."""
    only(given, "id", "member", "kind", "record", "fields", "custody")
    path = folder / given.required("record")
    content = path.read_bytes()
    source = sha256(content)
    fields = [field.required("field") for field in given.items("fields")]
    if fields:
        try:
            content = taken(content, fields)
        except BodyError as error:
            raise BodyError(given.path, f"{given.path}record: {path}: {error.message}") from error
    files[f"evidence/{given.required('id')}{path.suffix}"] = content
    kept = {name: value for name, value in given.members.items() if name != "record"}
    steps = [step.members for step in given.items("custody")]
    digest = sha256(content)
    custody = linked(steps, source, digest)
    return {**kept, "digest": digest, "source": source, "custody": custody}


def _file(files: dict[str, bytes], out: Path) -> None:
    if out.exists():
        raise FileExistsError(f"{out} is there already; name a new folder")
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as partial:
        made = Path(partial) / "made"
        for name, content in files.items():
            path = made / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content)
        made.rename(out)
