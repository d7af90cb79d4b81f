"""What the OpenAI dialects share: errors, rate-limit fields, log-probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drs_reference.gateway.dialects.dialect import Dialect, Round
from drs_reference.gateway.limiter import Quota
from drs_reference.gateway.sampling import Chosen

__all__ = ["OpenAI"]

_CODES: Mapping[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("permission_error", "account_closed"),
    404: ("invalid_request_error", "not_found"),
    405: ("invalid_request_error", "method_not_allowed"),
    408: ("invalid_request_error", "request_timeout"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", None),
}


class OpenAI(Dialect):
    """A dialect of OpenAI."""

    def error(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        """The body of an error: ``{"error": {"message", "type", "param", "code"}}``."""
        kind, usual = _CODES.get(status, ("invalid_request_error", None))
        return {"error": {"message": message, "type": kind, "param": param, "code": code or usual}}

    def rate_limits(self, quota: Quota, now: datetime) -> Mapping[str, str]:
        """``x-ratelimit-*-requests``; the time until the reset as a duration such as ``6m0s``."""
        hours, rest = divmod(quota.reset_s, 3600)
        minutes, seconds = divmod(rest, 60)
        reset = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "")
        return {
            "x-ratelimit-limit-requests": str(quota.policy.quota),
            "x-ratelimit-remaining-requests": str(quota.remaining),
            "x-ratelimit-reset-requests": f"{reset}{seconds}s",
        }

    def scored(self, token: int, logprob: float, shown: Round) -> dict[str, Any]:
        """A token with its log-probability; special tokens show their name and no bytes."""
        text = self.tokens.token_text(token)
        return {
            "token": text or self.tokens.vocabulary[token],
            "logprob": shown(logprob),
            "bytes": list(text.encode()) if text else None,
        }

    def scored_position(self, token: Chosen, shown: Round) -> dict[str, Any]:
        """A token of an answer with the alternatives at its place."""
        others = [self.scored(other.token, other.logprob, shown) for other in token.alternatives]
        return {**self.scored(token.token, token.logprob, shown), "top_logprobs": others}
