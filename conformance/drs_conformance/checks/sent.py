"""What a check sent."""

from __future__ import annotations

from collections import deque

from drs_conformance.ledger import Exchange, classify
from drs_conformance.target import is_honest

__all__ = ["Sent", "is_doubtful", "is_reset"]


class Sent:
    """How much was sent, and which exchanges were the last."""

    SHOWN = 20

    def __init__(self) -> None:
        self.requests = 0
        self.repeated = 0
        self.last: deque[str] = deque(maxlen=self.SHOWN)

    def note(self, exchange: Exchange) -> None:
        """Count an exchange and the attempts before it."""
        self.requests += 1 + len(exchange.earlier)
        self.repeated += len(exchange.earlier)
        self.last.append(exchange.id)

    def add(self, other: Sent) -> None:
        """Count what was sent for somebody else too."""
        self.requests += other.requests
        self.repeated += other.repeated
        self.last.extend(other.last)


def is_doubtful(exchange: Exchange) -> bool:
    """Tell whether what the suite knows of the target may be wrong for want of an answer.

    So it is where an answer was lost to a request that leaves something behind, for the target may
    have been told it twice; where no attempt brought an answer, unless all failed alike; and where
    time passed that nobody watched, because the run was cut off and resumed.
    """
    request, earlier = exchange.request, exchange.earlier
    if any(attempt.after_gap for attempt in (*earlier, exchange)):
        return True
    if all(attempt.status == exchange.status for attempt in earlier):
        return False
    if classify(exchange) == "infrastructure":
        return True
    leaves_nothing = (
        request.method == "GET"
        or is_honest(request.persona)
        or (request.persona == "auditor" and "/personas/" not in request.path)
        or is_reset(exchange)
    )
    return not leaves_nothing and any(attempt.status != 429 for attempt in earlier)


def is_reset(exchange: Exchange) -> bool:
    """Tell whether an exchange sets a persona back to where it began."""
    return exchange.request.path.endswith("/reset")
