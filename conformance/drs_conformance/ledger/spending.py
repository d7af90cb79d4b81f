"""What a run has spent, and when it has to stop."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from drs_conformance.ledger.exchange import Exchange, WireRequest
from drs_conformance.ledger.policy import classify, names_policy
from drs_conformance.target import Budget, Prices

__all__ = [
    "AuthorisationLapsed",
    "BudgetExhausted",
    "Circuit",
    "Reservation",
    "Spending",
    "TargetGone",
    "reservation",
    "retry_pause_s",
]

_BYTES_PER_INPUT_TOKEN = 3
_GATEWAY_STATUSES = frozenset({502, 503, 504})
_LASTING_STATUSES = frozenset({501, 505})
_RETRY_FAULTS = frozenset({"reset", "protocol"})
_RETRY_WAIT_S = (0.1, 0.5, 1.0)
_RETRY_WAIT_MAX_S = 3.0
_FAILURES_TO_OPEN = 3


class BudgetExhausted(BaseException):
    """The next request does not fit into the budget; it was neither journalled nor sent.

    Not an `Exception`, so that no check can take it for a property of the target.
    """


class AuthorisationLapsed(BaseException):
    """The authorisation ended while the run was under way; nothing more is sent."""

    def __str__(self) -> str:
        return "the authorisation ended during the run"


class TargetGone(Exception):
    """The target failed several times in a row; nothing more is sent."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most that one exchange costs. Billed in full, whatever comes back."""

    input_tokens: int
    output_tokens: int
    cost_usd: float


def reservation(request: WireRequest, prices: Prices) -> Reservation:
    """Return what to reserve for a request.

    Input is taken as one token for three bytes of the body, above the four or so that ordinary
    text has, so that the limit holds for denser text too.
    """
    input_tokens = -(-len(request.body or b"") // _BYTES_PER_INPUT_TOKEN)
    cost = (
        input_tokens * prices.input_usd_per_mtok
        + request.output_tokens * prices.output_usd_per_mtok
    ) / 1e6
    return Reservation(input_tokens, request.output_tokens, cost)


@dataclass(frozen=True, slots=True)
class Spending:
    """Sum over the exchanges of a run, retries and unanswered ones included."""

    requests: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    def plus(self, reserved: Reservation) -> Spending:
        """Return the sum with one more exchange."""
        return Spending(
            self.requests + 1,
            self.output_tokens + reserved.output_tokens,
            self.cost_usd + reserved.cost_usd,
        )

    def require_room(self, reserved: Iterable[Reservation], budget: Budget) -> Spending:
        """Return the sum with some more exchanges.

        Raises:
            BudgetExhausted: that would be more than the budget.

        """
        after = functools.reduce(Spending.plus, reserved, self)
        limits = (
            ("requests", after.requests, budget.max_requests),
            ("output tokens", after.output_tokens, budget.max_output_tokens),
            # Sums of prices are not exact; a millionth of a cent decides nothing.
            ("US dollars", round(after.cost_usd, 8), budget.max_cost_usd),
        )
        for unit, needed, limit in limits:
            if needed > limit:
                raise BudgetExhausted(
                    f"the next request would bring the run to {needed:g} {unit}, the budget is "
                    f"{limit:g}; raise it in the target file (within the authorisation) or select "
                    "fewer requirements"
                )
        return after


def retry_pause_s(exchange: Exchange, attempt: int) -> float | None:
    """Return how many seconds to wait before sending again, or None when that is the answer.

    `attempt` counts the retries so far. Sent again is what a healthy service would have answered:
    a connection that broke off, and what `classify` calls infrastructure but for what lasts (501,
    505). Never a refusal by policy: that may be what is being measured.
    """
    if attempt == len(_RETRY_WAIT_S):
        return None
    if exchange.fault is not None:
        return _RETRY_WAIT_S[attempt] if exchange.fault.kind in _RETRY_FAULTS else None
    if classify(exchange) != "infrastructure" or exchange.status in _LASTING_STATUSES:
        return None
    value = exchange.header("retry-after") or ""
    asked = float(value) if value.isascii() and value.isdigit() else _RETRY_WAIT_S[attempt]
    return min(asked, _RETRY_WAIT_MAX_S)


@dataclass(frozen=True, slots=True)
class Circuit:
    """Opens when the target is gone.

    Counted are sends that ended in a fault or, after retries, in 502, 503 or 504. Any other 5xx is
    an answer to one request, and counts only while the target has answered nothing else: an
    endpoint on which one path is broken is still there for the other checks.
    """

    failures: int = 0
    has_answered: bool = False

    def after(self, exchange: Exchange) -> Circuit:
        """Return the circuit after the last attempt of a send."""
        if exchange.fault is not None and exchange.fault.kind == "censored":
            # The suite was killed, which says nothing of the target.
            return self
        status = exchange.status
        if (
            exchange.fault is None
            and status is not None
            and (
                status < 500
                or names_policy(exchange)
                or (self.has_answered and status not in _GATEWAY_STATUSES)
            )
        ):
            return Circuit(0, has_answered=True)
        return Circuit(self.failures + 1, self.has_answered)

    def require_closed(self) -> None:
        """Raise `TargetGone` when the circuit is open."""
        if self.failures >= _FAILURES_TO_OPEN:
            raise TargetGone(
                f"the target failed {self.failures} times in a row (no usable response, or a "
                "server error); nothing more is sent. See the last exchanges in the journal, "
                "bring the target up and run again"
            )
