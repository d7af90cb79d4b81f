"""Routes of inference: the chat surfaces and the list of models."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import anyio
from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.body import (
    LIMIT,
    BodyError,
    BodyTimeoutError,
    BodyTooLargeError,
    parse_object,
    read_body,
)
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.credentials import authorization
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.problems import Problem, problem_response
from drs_reference.gateway.reasoning import ReasonedGeneration
from drs_reference.gateway.safety import Declined
from drs_reference.gateway.sampling import Emission, Generating, Generation
from drs_reference.gateway.structured_output import DRAFTS_MAX, Drafts, Form
from drs_reference.response.procedure import Account

log = logging.getLogger(__name__)
_WORKERS = 4


class _Refused(Exception):
    """The answer that ends a request early."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Inference:
    """Handlers of inference. Generation runs in worker threads."""

    def __init__(self, parts: Parts, accounts: Accounts) -> None:
        self.parts = parts
        self.accounts = accounts
        self._workers: anyio.CapacityLimiter | None = None

    def routes(self) -> list[Route]:
        """The declared surfaces and the models."""
        return [
            Route(self.parts.terms.chat_path, self.chat, methods=["POST"]),
            Route(self.parts.terms.reasoning_chat_path, self.reasoned_chat, methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model}", self.model, methods=["GET"]),
        ]

    async def chat(self, request: Request) -> Response:
        """``POST`` a chat request."""
        return await self._chat(request, self.parts.terms.models, Generation)

    async def reasoned_chat(self, request: Request) -> Response:
        """``POST`` a chat request whose answer keeps its steps back."""
        return await self._chat(request, self.parts.terms.reasoning_models, ReasonedGeneration)

    async def _chat(
        self, request: Request, models: Sequence[str], kind: type[Generation]
    ) -> Response:
        """Credential, standing, quota, body, bounds, answer."""
        try:
            body: bytes | Response = await read_body(request)
        except BodyTooLargeError:
            body = self._error(413, f"The body may have at most {LIMIT} bytes.")
        except BodyTimeoutError:
            return self._error(408, "The body did not arrive in time.")
        try:
            account = await self._caller(request)
            fields = self._admit(account)
            if isinstance(body, Response):
                body.headers.update(fields)
                return body
            chat = self._read(body, fields, models)
            if chat.form is not None and kind is not Generation:
                message = "This surface offers neither structured output nor tools."
                raise _Refused(self._error(400, message, headers=fields))
        except _Refused as refused:
            return refused.response
        now = self.parts.clock.now()
        self.parts.live_detection.watch(self.accounts, account, chat.question, now)
        generation = self.generation(account, chat, kind)
        if chat.stream:
            events = self._events(chat, generation)
            no_store = {**fields, "Cache-Control": "no-store"}
            return StreamingResponse(events, media_type="text/event-stream", headers=no_store)
        created = int(now.timestamp())
        document = await to_thread.run_sync(
            lambda: self.parts.dialect.completion(
                chat,
                generation.emissions(),
                generation,
                self.parts.exposure.logprob,
                created,
            ),
            limiter=self._limit(),
        )
        self._keep(document["id"], chat, generation)
        return JSONResponse(document, headers=fields)

    async def models(self, request: Request) -> Response:
        """``GET`` the models; does not count towards a quota."""
        try:
            await self._caller(request)
        except _Refused as refused:
            return refused.response
        return JSONResponse(self.parts.dialect.model_list(self._started()))

    async def model(self, request: Request) -> Response:
        """``GET`` one model."""
        try:
            await self._caller(request)
        except _Refused as refused:
            return refused.response
        name = request.path_params["model"]
        if name not in self.parts.dialect.models:
            return self._error(404, "There is no such model.", "model", "model_not_found")
        return JSONResponse(self.parts.dialect.model(name, self._started()))

    def generation(self, account: Account, chat: ChatRequest, kind: type[Generation]) -> Generating:
        """The work that a request asks for; perturbed only for an account under that measure."""
        refusal = self.parts.safety.refusal(account, chat.question)
        if refusal is not None:
            return Declined(self.parts.model, chat.messages, chat.choices, refusal)
        alternatives = chat.top_logprobs if chat.logprobs else 0
        if chat.form is not None:
            first = chat.sampling.seed

            def draft(choice: int, attempt: int, form: Form | None) -> Generation:
                number = (DRAFTS_MAX + 1) * choice + attempt
                sampling = replace(chat.sampling, seed=None if first is None else first + number)
                messages = (*(form.notice if form else ()), *chat.messages)
                return Generation(self.parts.model, messages, sampling, alternatives=alternatives)

            return Drafts(chat.form, chat.choices, draft)
        applied = self.parts.perturbation.applied(account, chat)
        return kind(
            self.parts.model,
            chat.messages,
            chat.sampling if applied is None else applied.sampling,
            choices=chat.choices,
            alternatives=alternatives,
            perturb=None if applied is None else applied.step,
        )

    async def _caller(self, request: Request) -> Account:
        name = self.parts.credentials.caller(authorization(request.headers))
        account = await run_in_threadpool(self.accounts.current, name) if name else None
        if account is None:
            refusal = self._error(401, "Send a valid key: Authorization: Bearer KEY.")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            raise _Refused(refusal)
        return account

    def _admit(self, account: Account) -> Mapping[str, str]:
        """Count the request; the rate-limit fields. Raises ``_Refused``."""
        if account.under("suspend") or account.under("terminate"):
            raise _Refused(self._problem(self.parts.refusals.closed(account)))
        quota = self.parts.limiter.take(account, self.accounts.now(account))
        fields = self.parts.limiter.fields(quota)
        if not quota.allowed:
            problem = self.parts.refusals.over_quota(account, quota)
            raise _Refused(self._problem(problem, fields))
        return fields

    def _keep(self, answer: str, chat: ChatRequest, generation: Generating) -> None:
        if isinstance(generation, ReasonedGeneration):
            now = self.parts.clock.now()
            self.parts.reasoning_hook.keep(answer, chat.model, generation.withheld, now)

    def _read(self, body: bytes, fields: Mapping[str, str], models: Sequence[str]) -> ChatRequest:
        """The request, within the declared bounds. Raises ``_Refused``."""
        try:
            document = parse_object(body)
            chat = self.parts.dialect.parse(document)
        except BodyError as error:
            raise _Refused(self._error(400, error.message, error.member, headers=fields)) from error
        if chat.model not in models:
            message = f"There is no such model here; use {', '.join(models)}."
            raise _Refused(self._error(404, message, "model", "model_not_found", fields))
        broken = self.parts.exposure.violation(chat, document)
        if broken is not None:
            problem = self.parts.refusals.out_of_bounds(broken.parameter, broken.limit)
            raise _Refused(self._problem(problem, fields))
        return chat

    async def _events(self, chat: ChatRequest, generation: Generating) -> AsyncIterator[bytes]:
        dialect, shown = self.parts.dialect, self.parts.exposure.logprob
        head = dialect.head(chat, int(self.parts.clock.now().timestamp()))
        emissions = generation.emissions()
        try:
            for chunk in dialect.opening(chat, head):
                yield dialect.event(chunk)
            while (emission := await self._next(emissions)) is not None:
                for chunk in dialect.chunks(chat, head, emission, shown):
                    yield dialect.event(chunk)
            self._keep(head["id"], chat, generation)
            for chunk in dialect.closing(chat, head, generation):
                yield dialect.event(chunk)
        except Exception as error:
            log.error("generation failed: %s", type(error).__name__)
            yield dialect.event(dialect.error(500, "The answer could not be completed."))
        yield dialect.end_of_stream()

    async def _next(self, emissions: Any) -> Emission | None:
        return await to_thread.run_sync(next, emissions, None, limiter=self._limit())

    def _limit(self) -> anyio.CapacityLimiter:
        if self._workers is None:
            self._workers = anyio.CapacityLimiter(_WORKERS)
        return self._workers

    def _started(self) -> int:
        return int(self.parts.clock.started.timestamp())

    def _problem(self, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        return problem_response(self.parts.dialect.with_error(problem), headers)

    def _error(
        self,
        status: int,
        message: str,
        member: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        document = self.parts.dialect.error(status, message, member, code)
        return JSONResponse(document, status, headers)
