"""The ASGI application of a hub."""

from __future__ import annotations

import logging
import traceback

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from drs_reference.exchange.hub.admission import Admission
from drs_reference.exchange.hub.log_view import LogView
from drs_reference.exchange.hub.messages import TaxiiError, error_message, not_found
from drs_reference.exchange.hub.parts import Parts
from drs_reference.exchange.hub.posting import Posting
from drs_reference.exchange.hub.push import Push
from drs_reference.exchange.hub.reading import Reading

log = logging.getLogger(__name__)


def build_app(parts: Parts) -> ASGIApp:
    """The application; every request to it has to come from a member."""
    reading, posting, push = Reading(parts), Posting(parts), Push(parts)
    collection = "/{root}/collections/{collection}"

    async def objects(request: Request) -> Response:
        if request.method == "POST":
            return await posting.objects(request)
        return await run_in_threadpool(reading.objects, request)

    async def on_taxii(_: Request, error: Exception) -> Response:
        assert isinstance(error, TaxiiError)
        return error_message(error)

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return error_message(not_found())
        return error_message(TaxiiError(error.status_code, error.detail, error.headers))

    async def on_fault(_: Request, error: Exception) -> Response:
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("%s at %s:%s", type(error).__name__, place.filename, place.lineno)
        message = "The hub failed; nothing is wrong with the request."
        return error_message(TaxiiError(500, message))

    async def on_disconnect(_: Request, error: Exception) -> Response:
        return Response(status_code=400)

    app = Starlette(
        routes=[
            *reading.routes(),
            Route(f"{collection}/objects/", objects, methods=["GET", "POST"]),
            Route(f"{collection}/push", push.events),
            *LogView(parts).routes(),
        ],
        exception_handlers={
            TaxiiError: on_taxii,
            HTTPException: on_http,
            ClientDisconnect: on_disconnect,
            Exception: on_fault,
        },
    )
    app.router.redirect_slashes = False
    return Admission(app, parts.roster)
