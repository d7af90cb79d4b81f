"""What TAXII 2.1 puts on the wire: its media type, resources and error messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
_TYPE = "application/taxii+json"
_VERSION = "2.1"


class TaxiiError(Exception):
    """A request is answered with an error message (section 3.6.1)."""

    def __init__(
        self, status: int, description: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = dict(headers or {})


def not_found() -> TaxiiError:
    """The same for what is not there and for what the caller may not see (XCH-06)."""
    return TaxiiError(404, "There is nothing here for you.")


def resource(document: Mapping[str, Any], status: int = 200) -> Response:
    """A resource of TAXII; what is None in it is left out."""
    shown = {name: value for name, value in document.items() if value is not None}
    return raw(json.dumps(shown, ensure_ascii=False).encode(), status=status)


def raw(content: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """A resource of TAXII that is written already."""
    return Response(content, status, dict(headers or {}), media_type=TAXII)


def error_message(error: TaxiiError) -> Response:
    """The answer that tells of an error."""
    document = {
        "title": HTTPStatus(error.status).phrase,
        "description": error.description,
        "http_status": str(error.status),
    }
    answer = resource(document, error.status)
    answer.headers.update(error.headers)
    return answer


def check_accept(request: Request) -> None:
    """Whether the caller reads TAXII 2.1 (section 1.6.8). Raises ``TaxiiError`` 406."""
    ranges = ",".join(request.headers.getlist("accept")) or "*/*"
    if not any(_accepts(one) for one in ranges.split(",")):
        raise TaxiiError(406, f"Accept must let {TAXII} through.")


def check_content(request: Request) -> str:
    """The type of the content, as it was sent, if it is TAXII 2.1. Raises ``TaxiiError`` 415."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise TaxiiError(415, "Content is taken without a content coding only.")
    given = request.headers.getlist("content-type")
    if len(given) != 1 or not _is_taxii(*_media_type(given[0]), ranges=(_TYPE,)):
        raise TaxiiError(415, f"Content-Type must be {TAXII}.")
    return given[0]


def _accepts(media_range: str) -> bool:
    name, parameters = _media_type(media_range)
    try:
        weight = float(parameters.pop("q", "1"))
    except ValueError:
        return False
    return weight > 0 and _is_taxii(name, parameters, (_TYPE, "application/*", "*/*"))


def _is_taxii(name: str, parameters: Mapping[str, str], ranges: tuple[str, ...]) -> bool:
    return name in ranges and parameters.get("version", _VERSION) == _VERSION


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest)
    return name.lower(), {key.strip().lower(): value.strip(' "') for key, _, value in pairs}
