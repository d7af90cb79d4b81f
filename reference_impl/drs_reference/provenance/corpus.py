"""Reading a corpus: one JSON object a line, ``answer`` and, where they are known, ``messages``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from drs_reference.json_text import BodyError, Members, parse_object
from drs_reference.model.tokenizer import ROLES
from drs_reference.perturbation.provenance import Sample

__all__ = ["CorpusError", "read_corpus"]

_MEMBERS = {"answer", "messages"}


class CorpusError(Exception):
    """A corpus that cannot be read; the message names the file, the line and what was expected."""


def read_corpus(path: Path) -> tuple[list[Sample], str]:
    """The samples of a file, and its SHA-256. Raises ``CorpusError``; no line is passed over."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    samples = []
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        try:
            samples.append(_sample(Members(parse_object(line))))
        except BodyError as error:
            said = error.message.replace("the body", "the line").replace("line 1 column", "column")
            raise CorpusError(
                f"{path}:{number}: {said}; expected {{messages: [{{role, content}}], answer}} "
                "or {answer}"
            ) from error
    return samples, hashlib.sha256(content).hexdigest()


def _sample(members: Members) -> Sample:
    if unknown := sorted(members.members.keys() - _MEMBERS):
        raise BodyError(unknown[0], f"{unknown[0][:40]!r} is no member of a line")
    messages = [(_role(one), one.text("content") or "") for one in members.items("messages")]
    return messages, members.required("answer")


def _role(message: Members) -> str:
    role = message.required("role")
    if role not in ROLES:
        raise message.wrong("role", f"one of {', '.join(ROLES)}")
    return role
