"""The ASGI application made of parts."""

from __future__ import annotations

import logging
import traceback

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from drs_reference.gateway.control_plane import ControlPlane
from drs_reference.gateway.inference import Inference
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.problems import ProblemError, plain_problem, problem_response
from drs_reference.gateway.replies import Replies

log = logging.getLogger(__name__)
_DETAILS = {
    404: "There is nothing at this path; the declaration at "
    "/.well-known/distillation-resistance names the paths.",
    405: "This path does not answer that method.",
}


def build_app(parts: Parts) -> Starlette:
    """The application of an endpoint; opens the accounts of its storage."""
    procedure = parts.procedure(parts.ladder, parts.notices)
    ordinary = parts.credentials.ordinary
    accounts = parts.accounts(parts.storage, procedure, parts.clock, ordinary)
    control_plane, inference = ControlPlane(parts, accounts), Inference(parts, accounts)

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return problem_response(error.problem, error.headers)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = _DETAILS.get(error.status_code, error.detail)
        return answer(request, error.status_code, detail, dict(error.headers or {}))

    async def on_fault(request: Request, error: Exception) -> Response:
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("%s at %s:%s", type(error).__name__, place.filename, place.lineno)
        return answer(request, 500, "The endpoint failed; nothing is wrong with the request.", {})

    async def on_disconnect(_: Request, error: Exception) -> Response:
        return Response(status_code=400)

    def answer(request: Request, status: int, detail: str, headers: dict[str, str]) -> Response:
        if request.url.path.startswith(("/drs/", "/.well-known/")):
            return problem_response(plain_problem(status, detail), headers)
        replies = Replies.to(request, parts.spoken_at(request.url.path))
        return replies.wrong(status, detail, headers=headers).response

    app = Starlette(
        routes=[*control_plane.routes(), *inference.routes()],
        exception_handlers={
            ProblemError: on_problem,
            HTTPException: on_http,
            ClientDisconnect: on_disconnect,
            Exception: on_fault,
        },
    )
    app.router.redirect_slashes = False
    return app
