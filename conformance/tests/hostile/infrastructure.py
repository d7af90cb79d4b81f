"""Balancers, gateways and limiters that stand before an endpoint."""

from __future__ import annotations

from raw_server import Answer, Answers

YEAR_S = 31_536_000
RETRY_AFTER = {
    "": None,
    " of a year": str(YEAR_S),
    " below zero": "-5",
    " of NaN": "nan",
    " of Infinity": "inf",
    " of a thousand digits": "9" * 1000,
    " in the past": "Thu, 01 Jan 1970 00:00:00 GMT",
    " in Arabic digits": "\N{SUPERSCRIPT TWO}",
}


def _refusal(status: int, after: str | None) -> Answer:
    fields = () if after is None else (("Retry-After", after),)
    return Answers.response(b"", status, fields)


INFRASTRUCTURE: dict[str, Answer] = {
    **{f"{status} only": _refusal(status, None) for status in (500, 502, 503, 504, 408, 429)},
    **{f"503, Retry-After{name}": _refusal(503, after) for name, after in RETRY_AFTER.items()},
    **{f"429, Retry-After{name}": _refusal(429, after) for name, after in RETRY_AFTER.items()},
    "a balancer's page with 502": Answers.response(
        b"<html><h1>502 Bad Gateway</h1></html>", 502, media_type="text/html"
    ),
    "a limit of minus infinity": Answers.response(
        b"",
        429,
        (
            ("RateLimit", '"d";r=-99999999999999999;t=99999999999999999'),
            ("RateLimit-Policy", '"d";q=0;w=0'),
            ("X-RateLimit-Reset", "NaN"),
        ),
    ),
}
