"""Reading and writing the documents of certification."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from drs_conformance.specification.documents import DocumentError
from drs_conformance.specification.schemas import load_document, problems

__all__ = ["DocumentFault", "document_text", "read_checked", "write_new"]


class DocumentFault(Exception):
    """A document cannot be read, is not of its schema, or cannot be written."""


def document_text(document: Mapping[str, Any]) -> str:
    """Return a document as it is written to a file."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def read_checked(path: Path, schema: str) -> dict[str, Any]:
    """Read a document of a schema. Raises `DocumentFault`."""
    try:
        document = load_document(path)
    except DocumentError as error:
        raise DocumentFault(str(error)) from None
    faults = problems(schema, document)
    if faults:
        raise DocumentFault(f"{path} is not a document of the schema {schema}: {faults[0]}")
    return cast(dict[str, Any], document)


def write_new(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document to a new file. Raises `DocumentFault`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(document_text(document))
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise DocumentFault(f"{path} is there already") from None
    except OSError as error:
        raise DocumentFault(f"could not write {path}: {error.strerror}") from None
