"""A remote model behind an endpoint for chat completions of the OpenAI dialect.

Such an upstream gives whole answers, and log-probabilities of a few alternatives at most. That is
enough for a choice among answers. It is not for a mechanism that tilts or draws: that needs the
whole law of a position, of which the entropy is taken too, and an upstream that goes on from a
token of somebody else's choice. Drawing from the alternatives of requests for one token would be
sampling from another, shorter law, and the dialect has no words for going on with an answer.
"""

from __future__ import annotations

import re
import time
from typing import Any

import httpx

from drs_reference.adapters.completion import Answer, answers_of
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.json_text import BodyError, parse_object
from drs_reference.perturbation.best_of_n import BestOfN
from drs_reference.response.procedure import Account

__all__ = ["Upstream", "UpstreamError", "chosen_answer"]

BODY_MAX = 64 << 20
"""Largest answer that is read, bytes."""
_REFUSES = (400, 422)
"""Statuses with which an upstream may refuse ``n``."""
_SHOWN = 200


class UpstreamError(Exception):
    """An upstream did not answer as chat completions do; the message says what came and whence.

    It never holds the key, not even where the upstream repeats it.
    """


class Upstream:
    """Asks ``url``, which ends in ``/chat/completions``, with ``key`` as a Bearer token.

    Each request is sent once, and its answer must be there within ``timeout_s``. The client brings
    proxies and certificates, and is closed by its owner. Raises ``ValueError`` for what cannot be
    sent.
    """

    def __init__(
        self, client: httpx.Client, url: str, key: str = "", *, timeout_s: float = 120
    ) -> None:
        self._url = _checked(url)
        if not re.fullmatch(r"[A-Za-z0-9._~+/:=-]*", key):
            raise ValueError("the key of an upstream must have the characters of a Bearer token")
        self._key = key
        self._timeout_s = timeout_s
        self._client = client
        self._takes_n = True

    def answers(self, request: ChatRequest, count: int = 1) -> list[Answer]:
        """``count`` answers, by one request where the upstream takes ``n``, else by one for each.

        With a seed each of these has another one. Raises ``UpstreamError``, and ``ValueError``
        for a request with tools or a response format, which are not passed on.
        """
        if request.form is not None:
            raise ValueError("a request to an upstream must have no tools and no response format")
        body, found = _body(request), list[Answer]()
        if count > 1 and self._takes_n:
            status, answer = self._post(body | {"n": count})
            if status not in _REFUSES:
                found = self._read(request, status, answer)
            self._takes_n = len(found) >= count
        while len(found) < count:
            if request.sampling.seed is not None:
                body["seed"] = request.sampling.seed + len(found)
            found += self._read(request, *self._post(body))[:1]
        return found[:count]

    def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body of the response."""
        deadline, answer = time.monotonic() + self._timeout_s, bytearray()
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            with self._client.stream(
                "POST",
                self._url,
                json=body,
                headers=headers,
                timeout=self._timeout_s,
                follow_redirects=False,
            ) as response:
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > BODY_MAX or time.monotonic() > deadline:
                        limits = f"at most {BODY_MAX} bytes within {self._timeout_s:g} s"
                        raise self._error(limits, f"more than {len(answer) - 1} bytes until then")
                return response.status_code, bytes(answer)
        except httpx.RequestError as error:
            # The exception holds the request, and with it the key.
            raise self._error("an answer", f"{type(error).__name__}: {error}") from None

    def _read(self, request: ChatRequest, status: int, body: bytes) -> list[Answer]:
        if status != 200:
            raise self._error("status 200", f"{status}: {body.decode('utf-8', 'replace')}")
        try:
            return answers_of(parse_object(body), request.logprobs)
        except BodyError as error:
            raise self._error("a chat completion", error.message) from None

    def _error(self, expected: str, came: str) -> UpstreamError:
        if self._key:
            came = came.replace(self._key, "(the key)")
        where = self._url.copy_with(query=None, fragment=None)
        return UpstreamError(f"expected {expected} from {where}; got {came[:_SHOWN]}")


def chosen_answer(
    mark: BestOfN, upstream: Upstream, account: Account, request: ChatRequest
) -> Answer:
    """The answer of an upstream that ``mark`` chooses for an account.

    Where any of its candidates declines, the first one is taken as it came. Raises as
    ``Upstream.answers``.
    """
    answers = upstream.answers(request, mark.asked(account, request))
    if any(answer.refusal for answer in answers):
        return answers[0]
    texts = iter([answer.text for answer in answers])
    chosen = mark.answer(account, request, lambda: next(texts))
    return next(answer for answer in answers if answer.text == chosen)


def _checked(url: str) -> httpx.URL:
    # Neither message quotes the URL: it may hold credentials.
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("the URL of an upstream cannot be read") from None
    if found.scheme not in ("http", "https") or not found.host or found.userinfo:
        raise ValueError("the URL of an upstream must begin with http and hold no credentials")
    return found


def _body(request: ChatRequest) -> dict[str, Any]:
    """What is sent; members that say what the upstream does anyway are left out."""
    sampling = request.sampling
    said: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": role, "content": text} for role, text in request.messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
    }
    wanted = {
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "logit_bias": {str(token): bias for token, bias in sampling.logit_bias.items()},
        "stop": list(sampling.stop),
        "logprobs": request.logprobs,
        "top_logprobs": request.top_logprobs,
    }
    if sampling.seed is not None:
        said["seed"] = sampling.seed
    return said | {name: value for name, value in wanted.items() if value}
