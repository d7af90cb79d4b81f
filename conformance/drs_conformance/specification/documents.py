"""Reading JSON and YAML files strictly, with a place for every mistake.

A document that two programs may read differently is refused: duplicate members, numbers that JSON
does not know, text that is not Unicode. Limits keep a hostile file from exhausting the reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100


class DocumentError(Exception):
    """A file cannot be read as a document.

    `file` is the path as given, `line` and `column` count from one, `reason` says what was
    expected and what came.
    """

    def __init__(self, reason: str, *, file: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{file}:{line}:{column}: {reason}")
        self.reason = reason
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """A value and where its parts stand.

    `value` is made of the types of JSON. `positions` maps the JSON Pointer of a part to its line
    and column, both from one; a member of an object stands where its name stands.
    """

    value: object
    positions: Mapping[str, tuple[int, int]]

    def line(self, pointer: str) -> int:
        """Return the line of the part at `pointer`, or of the nearest part around it."""
        while pointer and pointer not in self.positions:
            pointer = pointer.rpartition("/")[0]
        return self.positions.get(pointer, (1, 1))[0]


def load_document(path: Path) -> object:
    """Read a JSON file, or a YAML file when its name ends in `.yaml` or `.yml`.

    Raises:
        DocumentError: the file cannot be read, is larger than 64 MiB, is not UTF-8, nests deeper
            than 100 levels, repeats a member, holds NaN or an infinity, or is malformed; for YAML
            also when it uses aliases or tags or holds several documents.

    """
    return read_document(path).value


def read_document(path: Path) -> Document:
    """Read a file as `load_document` does and keep the position of every part."""
    # Imported here because both parsers use the types of this module.
    from drs_conformance.specification.json_text import parse_json
    from drs_conformance.specification.yaml_text import parse_yaml

    text = read_text(path)
    parse = parse_yaml if path.suffix in {".yaml", ".yml"} else parse_json
    return parse(text, file=str(path))


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file of at most 64 MiB.

    Raises:
        DocumentError: the file cannot be read, is too large or is not UTF-8.

    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DocumentError(f"expected a readable file: {reason}", file=str(path)) from None
    if len(content) > MAX_BYTES:
        raise DocumentError(f"expected at most {MAX_BYTES} bytes, got more", file=str(path))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        raise DocumentError(
            f"expected UTF-8, got the byte 0x{content[error.start]:02x}",
            file=str(path),
            line=before.count(b"\n") + 1,
            column=len(before.rpartition(b"\n")[2].decode("utf-8")) + 1,
        ) from None
