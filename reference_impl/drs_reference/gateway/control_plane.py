"""Routes of the control plane: declaration, account view, appeals, cases, hooks, test mode."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drs_reference.documents import read_document
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.gateway.body import BodyTimeoutError, BodyTooLargeError, read_body
from drs_reference.gateway.credentials import authorization
from drs_reference.gateway.declaration import MAX_AGE_S
from drs_reference.gateway.eligibility import Eligibility
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.problems import ProblemError, plain_problem
from drs_reference.gateway.provenance_hook import BODY_MAX as PROVENANCE_MAX
from drs_reference.gateway.score_hook import BODY_MAX
from drs_reference.gateway.test_mode import ClockRangeError, HeldPersonaError
from drs_reference.json_text import BodyError
from drs_reference.response.appeals import appeal_document
from drs_reference.response.procedure import Account

WELL_KNOWN = "/.well-known/distillation-resistance"
_NO_STORE = {"Cache-Control": "no-store"}
_RENEW = timedelta(hours=1)
Handler = Callable[[Request], Awaitable[Response]]


@contextlib.contextmanager
def _refused_bodies() -> Iterator[None]:
    """Answer for bodies that cannot be used with the problem that says why."""
    try:
        yield
    except BodyError as error:
        raise _refuse(400, error.message) from error
    except BodyTooLargeError as error:
        raise _refuse(413, str(error)) from error
    except BodyTimeoutError as error:
        raise _refuse(408, "The body did not arrive in time.") from error


def _refuse(status: int, detail: str, **headers: str) -> ProblemError:
    return ProblemError(plain_problem(status, detail), headers)


class ControlPlane:
    """Handlers of the control plane. Its requests never count towards a quota."""

    def __init__(self, parts: Parts, accounts: Accounts) -> None:
        self.parts = parts
        self.accounts = accounts
        self._declared: tuple[datetime, dict[str, Any]] | None = None

    def routes(self) -> list[Route]:
        """The routes at the declared paths."""
        terms = self.parts.terms
        persona = terms.test_path + "/personas/{persona}"
        provenance = [terms.provenance_path] if terms.provenance_path else []
        eligibility = self.parts.eligibility
        return [
            Route(WELL_KNOWN, self.declaration, methods=["GET"]),
            Route(terms.account_path, self.account, methods=["GET"]),
            Route(terms.appeals_path, self.lodge_appeal, methods=["POST"]),
            Route(terms.appeals_path + "/{appeal}", self.appeal, methods=["GET"]),
            Route(terms.cases_path + "/{case}", self.case, methods=["GET"]),
            Route(terms.score_path, self.score, methods=["POST"]),
            Route(terms.likelihood_path, self.likelihood, methods=["POST"]),
            Route(terms.reasoning_path + "/{answer}", self.reasoning, methods=["GET"]),
            *(Route(path, self.provenance, methods=["POST"]) for path in provenance),
            Route(persona, self.persona, methods=["GET"]),
            Route(persona + "/reset", self.reset, methods=["POST"]),
            Route(persona + "/advance", self.advance, methods=["POST"]),
            Route(persona + "/flag", self.flag, methods=["POST"]),
            *(self._eligibility_routes(eligibility, persona) if eligibility else ()),
        ]

    def _eligibility_routes(self, eligibility: Eligibility, persona: str) -> list[Route]:
        async def policy(_: Request) -> Response:
            """``GET`` the eligibility policy; no credential needed."""
            caching = {"Cache-Control": f"public, max-age={MAX_AGE_S}"}
            return JSONResponse(eligibility.document, headers=caching)

        async def establish(request: Request) -> Response:
            """``POST``: facts about a persona, in place of those before."""
            account = await self._persona(request)
            document = await self._document(request, "eligibility-facts")
            run = self.parts.test_mode.establish
            try:
                return self._state(
                    await run_in_threadpool(run, self.accounts, eligibility, account, document)
                )
            except HeldPersonaError as error:
                raise self._held() from error

        return [
            Route(self.parts.terms.eligibility_path, policy, methods=["GET"]),
            Route(persona + "/eligibility", establish, methods=["POST"]),
        ]

    async def declaration(self, request: Request) -> Response:
        """``GET`` the declaration; no credential needed."""
        now = self.parts.clock.now()
        if self._declared is None or now - self._declared[0] > _RENEW:
            self._declared = now, self.parts.declaration.document(now)
        caching = {"Cache-Control": f"public, max-age={MAX_AGE_S}"}
        return JSONResponse(self._declared[1], headers=caching)

    async def account(self, request: Request) -> Response:
        """``GET`` the standing of the caller."""
        account = await self._caller(request)
        now = self.accounts.now(account)
        document = self.parts.account_view.standing(account, self.accounts.procedure, now)
        return JSONResponse(document, headers=_NO_STORE)

    async def lodge_appeal(self, request: Request) -> Response:
        """``POST`` an appeal; it is durable before the answer."""
        account = await self._caller(request)
        document = await self._document(request, "appeal-request")
        desk = self.parts.appeals
        appeal = await run_in_threadpool(desk.receive, self.accounts, account, document)
        if appeal is None:
            raise _refuse(404, "This account has no such case, and no such criterion excludes it.")
        location = f"{self.parts.terms.appeals_path}/{appeal.id}"
        return JSONResponse(appeal_document(appeal), 202, {**_NO_STORE, "Location": location})

    async def appeal(self, request: Request) -> Response:
        """``GET`` an appeal."""
        account = await self._caller(request)
        found = await run_in_threadpool(
            self.parts.appeals.find,
            self.accounts,
            account,
            request.path_params["appeal"],
            self._is_auditor(account),
        )
        if found is None:
            raise _refuse(404, "This account has no such appeal.")
        return JSONResponse(appeal_document(found), headers=_NO_STORE)

    async def case(self, request: Request) -> Response:
        """``GET`` a case record."""
        await self._auditor(request, self.parts.cases, "Case records are")
        case = request.path_params["case"]
        record = await run_in_threadpool(self.parts.cases.record, self.accounts, case)
        if record is None:
            raise _refuse(404, "There is no such case.")
        return JSONResponse(record, headers=_NO_STORE)

    async def score(self, request: Request) -> Response:
        """``POST`` a window of test data."""
        hook = self.parts.score_hook
        await self._auditor(request, hook, "Scores are")
        with _refused_bodies():
            body = await read_body(request, BODY_MAX)
            return JSONResponse(await run_in_threadpool(hook.read, body), headers=_NO_STORE)

    async def likelihood(self, request: Request) -> Response:
        """``POST`` answers whose probabilities are asked for."""
        hook = self.parts.likelihood_hook
        await self._auditor(request, hook, "Likelihoods are")
        document = await self._document(request, "likelihood-request")
        if document["model"] not in self.parts.terms.models:
            raise _refuse(404, f"Likelihoods are those of {', '.join(self.parts.terms.models)}.")
        return JSONResponse(await run_in_threadpool(hook.answer, document), headers=_NO_STORE)

    async def reasoning(self, request: Request) -> Response:
        """``GET`` what was withheld from an answer."""
        hook = self.parts.reasoning_hook
        await self._auditor(request, hook, "Withheld reasoning is")
        document = hook.read(request.path_params["answer"], self.parts.clock.now())
        if document is None:
            raise _refuse(404, "Nothing is kept of such an answer, or not any more.")
        return JSONResponse(document, headers=_NO_STORE)

    async def provenance(self, request: Request) -> Response:
        """``POST`` a corpus of which an auditor wants to know where it comes from."""
        hook = self.parts.provenance_hook
        await self._auditor(request, hook, "Provenance is")
        with _refused_bodies():
            body = await read_body(request, PROVENANCE_MAX)
            document = await run_in_threadpool(read_document, body, "provenance-request")
            return JSONResponse(await run_in_threadpool(hook.answer, document), headers=_NO_STORE)

    async def persona(self, request: Request) -> Response:
        """``GET`` the true state of a persona."""
        return self._state(await self._persona(request))

    async def reset(self, request: Request) -> Response:
        """``POST``: back to the beginning."""
        account = await self._persona(request)
        await run_in_threadpool(self.parts.live_detection.forget, account)
        reset = self.parts.test_mode.reset
        return self._state(
            await run_in_threadpool(reset, self.accounts, self.parts.limiter, account)
        )

    async def advance(self, request: Request) -> Response:
        """``POST``: move the clocks of a persona."""
        account = await self._persona(request)
        document = await self._document(request, "advance")
        advance = self.parts.test_mode.advance
        try:
            return self._state(await run_in_threadpool(advance, self.accounts, account, document))
        except HeldPersonaError as error:
            raise self._held() from error
        except ClockRangeError as error:
            raise _refuse(409, "The clock of this persona cannot go further; reset it.") from error

    async def flag(self, request: Request) -> Response:
        """``POST``: one event of the ladder."""
        account = await self._persona(request)
        document = await self._document(request, "flag")
        flag = self.parts.test_mode.flag
        try:
            return self._state(await run_in_threadpool(flag, self.accounts, account, document))
        except HeldPersonaError as error:
            raise self._held() from error

    async def _caller(self, request: Request) -> Account:
        name = self.parts.credentials.caller(authorization(request.headers))
        account = await run_in_threadpool(self.accounts.current, name) if name else None
        if account is None:
            detail = "Send the credential of an account: Authorization: Bearer KEY."
            raise ProblemError(plain_problem(401, detail), {"WWW-Authenticate": "Bearer"})
        return account

    def _is_auditor(self, account: Account) -> bool:
        return self.parts.credentials.is_auditor(account.persona)

    async def _auditor(self, request: Request, part: AuditorsOnly, is_open: str) -> None:
        if not part.allowed(self._is_auditor(await self._caller(request))):
            raise _refuse(403, f"{is_open} open to auditors only.")

    async def _persona(self, request: Request) -> Account:
        await self._auditor(request, self.parts.test_mode, "The test mode is")
        look = self.parts.test_mode.look
        account = await run_in_threadpool(look, self.accounts, request.path_params["persona"])
        if account is None:
            raise _refuse(404, "There is no such test persona.")
        return account

    async def _document(self, request: Request, kind: str) -> dict[str, Any]:
        with _refused_bodies():
            return read_document(await read_body(request), kind)

    def _state(self, account: Account) -> Response:
        return JSONResponse(self.parts.account_view.persona_state(account), headers=_NO_STORE)

    @staticmethod
    def _held() -> ProblemError:
        return _refuse(409, "This persona is held in its state; it can only be reset.")
