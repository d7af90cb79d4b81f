"""The Cache-Control field (RFC 9111, section 5.2.2), as far as the checks need it."""

from __future__ import annotations

__all__ = ["seconds_kept"]

# What a cache takes for more than it can represent (RFC 9111, section 1.2.2).
_LONGEST = 2**31


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
        _seconds(value)
        for name in ("max-age", "s-maxage")
        if (value := directives.get(name, "")).isdecimal()
    ]
    return max(ages, default=None)


def _seconds(digits: str) -> int:
    return min(int(digits), _LONGEST) if len(digits) <= 20 else _LONGEST
