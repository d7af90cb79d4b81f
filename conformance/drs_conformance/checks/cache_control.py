"""The Cache-Control field (RFC 9111, section 5.2.2), as far as the checks need it."""

from __future__ import annotations

__all__ = ["seconds_kept"]


def seconds_kept(field: str) -> int | None:
    """Return for how many seconds a cache may keep the response without asking again.

    ``no-store`` and ``no-cache`` allow none. ``s-maxage`` counts where it is longer than
    ``max-age``. None when the field states neither.
    """
    directives = {
        name.strip().lower(): value.strip().strip('"')
        for name, _, value in (part.partition("=") for part in field.split(","))
    }
    if "no-store" in directives or "no-cache" in directives:
        return 0
    ages = [
        int(value)
        for name in ("max-age", "s-maxage")
        if (value := directives.get(name, "")).isdecimal()
    ]
    return max(ages, default=None)
