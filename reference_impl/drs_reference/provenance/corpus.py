"""Reading a corpus: one JSON object a line, ``answer`` and, where they are known, ``messages``."""

from __future__ import annotations

from pathlib import Path

from drs_reference.gateway.body import BodyError, Members, parse_object
from drs_reference.model.tokenizer import ROLES
from drs_reference.perturbation.provenance import Sample

__all__ = ["CorpusError", "read_corpus"]

_MEMBERS = {"answer", "messages"}


class CorpusError(Exception):
    """A corpus that cannot be read; the message names the file, the line and what was expected."""


def read_corpus(path: Path) -> list[Sample]:
    """The samples of a file. Raises ``CorpusError``; no line is passed over."""
    try:
        lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    samples = []
    for number, line in enumerate(lines, 1):
        try:
            samples.append(_sample(Members(parse_object(line))))
        except BodyError as error:
            said = error.message.replace("the body", "the line").replace("line 1 column", "column")
            raise CorpusError(
                f"{path}:{number}: {said}; expected {{messages: [{{role, content}}], answer}} "
                "or {answer}"
            ) from error
    return samples


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
