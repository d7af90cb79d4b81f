"""When a catalogue in OSCAL was last modified, so that the same text gives the same bytes.

The clock and the times of files say when somebody built or copied it, not when the text changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

__all__ = ["NO_DATE", "BadDate", "last_modified"]

NO_DATE = "1970-01-01T00:00:00Z"
"""What stands where nobody gave a date; OSCAL wants one."""


class BadDate(Exception):
    """SOURCE_DATE_EPOCH is not a number of seconds."""


def last_modified(given: datetime | None, environ: Mapping[str, str]) -> str:
    """Return the date given, else that of SOURCE_DATE_EPOCH, else :data:`NO_DATE`.

    SOURCE_DATE_EPOCH is how reproducible builds are told the date of their source.
    """
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if given is None and epoch is not None:
        try:
            given = datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError):
            raise BadDate(f"expected seconds in SOURCE_DATE_EPOCH, got {epoch!r}") from None
    if given is None:
        return NO_DATE
    return given.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
