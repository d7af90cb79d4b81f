"""Numbers as people read them."""

from __future__ import annotations

import math

__all__ = ["approximately"]

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def approximately(value: float) -> str:
    """Return a positive number with two significant digits, as a power of ten where it is long."""
    exponent = math.floor(math.log10(value))
    mantissa = f"{value / 10**exponent:.1f}"
    if mantissa == "10.0":
        exponent, mantissa = exponent + 1, "1.0"
    if -3 <= exponent < 4:
        return f"{float(f'{value:.2g}'):.10g}"
    return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPT)}"
