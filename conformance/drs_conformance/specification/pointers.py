"""JSON Pointers (RFC 6901)."""

from collections.abc import Iterable


def join(parts: Iterable[str | int]) -> str:
    """Return the JSON Pointer whose reference tokens are `parts`; no parts point at the whole."""
    return "".join(f"/{escape(str(part))}" for part in parts)


def escape(token: str) -> str:
    """Escape one reference token."""
    return token.replace("~", "~0").replace("/", "~1")
