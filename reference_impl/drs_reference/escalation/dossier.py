"""The dossier as a document: how it is read and written, and what must hold in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from drs_reference.documents import check_document
from drs_reference.escalation.corroboration import uncorroborated
from drs_reference.escalation.criteria import Criterion, registered_criteria, unmet
from drs_reference.escalation.custody import broken_links
from drs_reference.escalation.sign_offs import SIGN_OFFS, as_if_signed
from drs_reference.exchange.canonical import NoCanonicalFormError, parse
from drs_reference.exchange.members import time_of
from drs_reference.exchange.privacy import plain_identifiers
from drs_reference.json_text import BodyError, Members
from drs_reference.response.ladder import different_people

__all__ = ["RefusedError", "UnreadableError", "faults", "read_dossier", "written"]

SCHEMA = "escalation-dossier"
_TEXTS = ("criteria", "members", "exculpatory", "personal_data", *SIGN_OFFS.values())


class RefusedError(Exception):
    """What is asked for is not done; ``reasons`` say what has to change."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class UnreadableError(Exception):
    """A file holds no dossier or case; the message says what came."""


def read_dossier(path: Path) -> dict[str, Any]:
    """The object of a file in JSON. Raises ``UnreadableError`` or ``OSError``."""
    try:
        return parse(path.read_bytes())
    except NoCanonicalFormError as error:
        raise UnreadableError(f"{path}: {error}") from error


def written(dossier: dict[str, Any]) -> bytes:
    """A dossier as it is filed, for people to read."""
    return (json.dumps(dossier, indent=2, ensure_ascii=False) + "\n").encode()


def faults(document: dict[str, Any], criteria: Iterable[Criterion] | None = None) -> list[str]:
    """Why a dossier must not leave, its signatures aside: one that lacks them is a draft.

    ``criteria`` default to those of the registry.
    """
    dossier = Members(document)
    try:
        found = list(unmet(dossier, registered_criteria() if criteria is None else criteria))
        corroboration = uncorroborated(dossier)
        if corroboration:
            found.append(corroboration)
        if dossier.get("exculpatory") is None:
            found.append(
                "exculpatory: expected every known circumstance that speaks against the "
                "accusation, or an empty list where none is known; got nothing"
            )
        # What follows reads members that the schema vouches for.
        if not found:
            complete = as_if_signed(document)
            check_document(complete, SCHEMA)
            found = list(_inconsistencies(Members(complete)))
    except BodyError as error:
        return [error.message]
    return found


def _inconsistencies(dossier: Members) -> Iterator[str]:
    made_at = time_of(dossier, "made_at")
    if time_of(dossier, "retention_until") <= made_at:
        yield "retention_until: expected a time after made_at"
    yield from _wrong_items(dossier)
    for item in dossier.items("items"):
        yield from broken_links(item, made_at)
    sign_offs = [dossier.inner(name) for name in SIGN_OFFS.values()]
    if len(different_people(each.required("person") for each in sign_offs)) < len(sign_offs):
        yield "technical_sign_off and legal_sign_off: expected two persons; got one"
    for sign_off in sign_offs:
        if time_of(sign_off, "at") < made_at:
            yield f"{sign_off.path}at: expected a time after made_at"
    for name in _TEXTS:
        for path, text in _texts(dossier.get(name), name):
            for what in plain_identifiers(text):
                yield f"{path} holds {what}: it belongs into an item, if a criterion asks for it"


def _wrong_items(dossier: Members) -> Iterator[str]:
    used = {entry["criterion"]: entry["evidence"] for entry in dossier.members["criteria"]}
    members = {entry["member"] for entry in dossier.members["members"]}
    names = [item["id"] for item in dossier.members["items"]]
    for number, item in enumerate(dossier.members["items"]):
        path, name = f"items[{number}]", item["id"]
        if names.index(name) < number:
            yield f"{path}.id: {name} stands twice"
        if item["member"] not in members:
            yield f"{path}.member: {item['member']} is not among members"
        if not any(name in evidence for evidence in used.values()):
            yield f"{path}: no criterion names {name} as evidence, so it is not taken in"
        for place, entry in enumerate(item.get("fields", ())):
            if name not in used.get(entry["criterion"], ()):
                yield (
                    f"{path}.fields[{place}]: {entry['criterion']} does not name {name} as "
                    f"evidence, so {entry['field']} is not taken in"
                )


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{number}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}")
