"""Routes of inference: the chat surfaces and the list of models."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.body import LIMIT, BodyTimeoutError, BodyTooLargeError, read_body
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.dialect import Stream
from drs_reference.gateway.exposure import ExposureRules
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.problems import Problem
from drs_reference.gateway.reasoning import ReasonedGeneration
from drs_reference.gateway.replies import RefusedError, Replies
from drs_reference.gateway.safety import Declined
from drs_reference.gateway.sampling import Emission, Generating, Generation
from drs_reference.gateway.structured_output import DRAFTS_MAX, Drafts, Form
from drs_reference.gateway.surfaces import Surface
from drs_reference.json_text import BodyError, parse_object
from drs_reference.perturbation.base import Applied
from drs_reference.response.procedure import Account

log = logging.getLogger(__name__)
_WORKERS = 4
_TOGETHER = 0.005
"""Seconds for which emissions of a stream are collected before they leave their thread."""


class Inference:
    """Handlers of inference. Generation runs in worker threads."""

    def __init__(self, parts: Parts, accounts: Accounts) -> None:
        self.parts = parts
        self.accounts = accounts
        self._workers: anyio.CapacityLimiter | None = None

    def routes(self) -> list[Route]:
        """The declared surfaces and the models."""
        found = []
        for surface in self.parts.terms.surfaces:
            dialect = self.parts.spoken(surface.dialect)
            paths = [surface.path]
            if dialect.streams_at is not None:
                paths.append(surface.path.replace(*dialect.streams_at))
            answer = partial(self.answer, surface)
            found += [Route(path, answer, methods=["POST"]) for path in paths]
        return [
            *found,
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model}", self.model, methods=["GET"]),
        ]

    async def answer(self, surface: Surface, request: Request) -> Response:
        """``POST`` a chat request: credential, standing, policy, quota, body, bounds, answer."""
        replies = Replies.to(request, self.parts.spoken(surface.dialect))
        try:
            return await self._answer(surface, request, replies)
        except RefusedError as refused:
            return refused.response

    async def _answer(self, surface: Surface, request: Request, replies: Replies) -> Response:
        too_large = False
        try:
            body = await read_body(request)
        except BodyTooLargeError:
            too_large = True
        except BodyTimeoutError as error:
            raise replies.wrong(408, "The body did not arrive in time.") from error
        account = await self._caller(request, replies)
        replies = self._admit(account, surface, replies)
        if too_large:
            raise replies.wrong(413, f"The body may have at most {LIMIT} bytes.")
        chat, applied, rules = self._read(surface, request, body, account, replies)
        if chat.form is not None and surface.withholds:
            raise replies.wrong(400, "This surface offers neither structured output nor tools.")
        now = self.parts.clock.now()
        self.parts.live_detection.watch(self.accounts, account, chat.question, now)
        if self.parts.shared_detection is not None:
            address = request.client.host if request.client else None
            self.parts.shared_detection.watch(
                self.accounts, account, chat, surface.withholds, address, now
            )
        kind = ReasonedGeneration if surface.withholds else Generation
        generation = self.generation(account, chat, applied, kind)
        dialect, shown = replies.dialect, rules.logprob
        created = int(now.timestamp())
        if chat.stream:
            stream = dialect.stream(chat, generation, shown, created)
            return StreamingResponse(
                self._events(stream, chat, generation),
                media_type="text/event-stream",
                headers={**replies.fields, "Cache-Control": "no-store"},
            )
        document = await to_thread.run_sync(
            lambda: dialect.completion(chat, generation.emissions(), generation, shown, created),
            limiter=self._limit(),
        )
        self._keep(document[dialect.id_member], chat, generation)
        return JSONResponse(document, headers=replies.fields)

    async def models(self, request: Request) -> Response:
        """``GET`` the models; does not count towards a quota."""
        try:
            await self._caller(request, Replies.to(request, self.parts.dialect))
        except RefusedError as refused:
            return refused.response
        return JSONResponse(self.parts.dialect.model_list(self._started()))

    async def model(self, request: Request) -> Response:
        """``GET`` one model."""
        name = request.path_params["model"]
        replies = Replies.to(request, self.parts.dialect)
        try:
            await self._caller(request, replies)
            if name not in self.parts.dialect.models:
                raise replies.wrong(404, "There is no such model.", "model", "model_not_found")
        except RefusedError as refused:
            return refused.response
        return JSONResponse(self.parts.dialect.model(name, self._started()))

    def generation(
        self, account: Account, chat: ChatRequest, applied: Applied, kind: type[Generation]
    ) -> Generating:
        """The work that a request asks for. Neither refusals nor prescribed forms are perturbed."""
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
        return (applied.kind or kind)(
            self.parts.model,
            chat.messages,
            applied.sampling,
            choices=chat.choices,
            alternatives=alternatives,
            perturb=applied.step,
            draw=applied.draw,
        )

    async def _caller(self, request: Request, replies: Replies) -> Account:
        """Who asks. Raises ``RefusedError``."""
        keys = replies.dialect.keys(request)
        name = self.parts.credentials.caller(keys[0]) if len(keys) == 1 else None
        account = await run_in_threadpool(self.accounts.current, name) if name else None
        if account is None:
            ways = ["Authorization: Bearer KEY", *(f"{f}: KEY" for f in replies.dialect.key_fields)]
            message = f"Send a valid key: {' or '.join(ways)}."
            raise replies.wrong(401, message, headers={"WWW-Authenticate": "Bearer"})
        return account

    def _admit(self, account: Account, surface: Surface, replies: Replies) -> Replies:
        """Count the request; replies with the rate-limit fields. Raises ``RefusedError``."""
        if account.under("suspend") or account.under("terminate"):
            raise replies.refused(self.parts.refusals.closed(account))
        eligibility = self.parts.eligibility
        if eligibility is not None:
            criterion = eligibility.deciding(account, surface.id, self.parts.clock.now())
            if criterion is not None:
                raise replies.refused(self.parts.refusals.not_eligible(criterion))
        now = self.accounts.now(account)
        quota = self.parts.limiter.take(account, now)
        fields = {**self.parts.limiter.fields(quota), **replies.dialect.rate_limits(quota, now)}
        replies = replace(replies, fields={**replies.fields, **fields})
        if not quota.allowed:
            raise replies.refused(self.parts.refusals.over_quota(account, quota))
        return replies

    def _keep(self, answer: str, chat: ChatRequest, generation: Generating) -> None:
        if isinstance(generation, ReasonedGeneration):
            now = self.parts.clock.now()
            self.parts.reasoning_hook.keep(answer, chat.model, generation.withheld, now)

    def _read(
        self, surface: Surface, request: Request, body: bytes, account: Account, replies: Replies
    ) -> tuple[ChatRequest, Applied, ExposureRules]:
        """The request, what is done to its answer, and what that may expose.

        Raises ``RefusedError``.
        """
        dialect, models = replies.dialect, self.parts.terms.served(surface)
        try:
            document = dialect.addressed(parse_object(body), request)
            chat = replace(dialect.parse(document), surface=surface.id)
        except BodyError as error:
            raise replies.wrong(400, error.message, error.member) from error
        if chat.model not in models:
            message = f"There is no such model here; use {', '.join(models)}."
            raise replies.wrong(404, message, "model", "model_not_found")
        refusals = self.parts.refusals
        rules = self.parts.exposure.on(surface)
        _hold(rules, chat, document, replies, refusals.out_of_bounds)
        applied = self.parts.perturbation.applied(account, chat) or Applied(chat.sampling)
        rules = rules.narrowed(applied.bounds)
        _hold(rules, chat, document, replies, partial(refusals.perturbed, account))
        if applied.alternatives_max is not None:
            fewer = min(chat.top_logprobs, applied.alternatives_max)
            chat = replace(chat, top_logprobs=fewer)
        return chat, applied, rules

    async def _events(
        self, stream: Stream, chat: ChatRequest, generation: Generating
    ) -> AsyncIterator[bytes]:
        collected = together(generation.emissions())
        try:
            for event in stream.begin():
                yield event
            while emissions := await self._next(collected):
                for emission in emissions:
                    for event in stream.add(emission):
                        yield event
            self._keep(stream.id, chat, generation)
            for event in stream.end():
                yield event
        except Exception as error:
            log.error("generation failed: %s", type(error).__name__)
            for event in stream.fail("The answer could not be completed."):
                yield event

    async def _next(self, collected: Iterator[list[Emission]]) -> list[Emission]:
        return await to_thread.run_sync(lambda: next(collected, []), limiter=self._limit())

    def _limit(self) -> anyio.CapacityLimiter:
        if self._workers is None:
            self._workers = anyio.CapacityLimiter(_WORKERS)
        return self._workers

    def _started(self) -> int:
        return int(self.parts.clock.started.timestamp())


def together(emissions: Iterator[Emission]) -> Iterator[list[Emission]]:
    """The emissions in lists: the first alone, as it may not wait, then what some time brings.

    Each list costs a change of threads. Where the emissions fail, those before come first.
    """
    found: list[Emission] = []
    until = 0.0
    try:
        for emission in emissions:
            found.append(emission)
            if time.monotonic() >= until:
                yield found
                found, until = [], time.monotonic() + _TOGETHER
    except Exception:
        if found:
            yield found
        raise
    if found:
        yield found


def _hold(
    rules: ExposureRules,
    chat: ChatRequest,
    document: Mapping[str, Any],
    replies: Replies,
    refusal: Callable[[str, int], Problem],
) -> None:
    """Hold a request against bounds. Raises ``RefusedError``."""
    broken = rules.violation(chat, document)
    if broken is not None:
        parameter = replies.dialect.parameters.get(broken.parameter, broken.parameter)
        raise replies.refused(refusal(parameter, broken.limit))
