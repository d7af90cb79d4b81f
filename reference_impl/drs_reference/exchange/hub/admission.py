"""Who asks: a bearer token (RFC 6750), or the same token as password (RFC 7617), on every request.

Nobody learns anything without one, not even which paths there are.
"""

from __future__ import annotations

import base64
import binascii

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from drs_reference.exchange.hub.membership import Member, Membership
from drs_reference.exchange.hub.messages import TaxiiError, error_message
from drs_reference.exchange.hub.roster import Roster
from drs_reference.gateway.credentials import authorization

CHALLENGE = 'Bearer realm="exchange", Basic realm="exchange", charset="UTF-8"'


class Admission:
    """Lets members through to ``app``, which finds them in the scope as ``drs_member``."""

    def __init__(self, app: ASGIApp, roster: Roster) -> None:
        self.app = app
        self._roster = roster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI event."""
        if scope["type"] == "http":
            field = authorization(Headers(scope=scope))
            member = authenticated(field, self._roster.current())
            if member is None:
                error = TaxiiError(
                    401, "A member's token is needed.", {"WWW-Authenticate": CHALLENGE}
                )
                await error_message(error)(scope, receive, send)
                return
            scope["drs_member"] = member
        await self.app(scope, receive, send)


def authenticated(field: str | None, membership: Membership) -> Member | None:
    """The member that an ``Authorization`` field speaks for."""
    scheme, _, credentials = (field or "").partition(" ")
    if scheme.lower() == "bearer":
        return membership.caller(credentials.strip())
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, _, token = text.partition(":")
    member = membership.caller(token)
    return member if member is not None and member.id == name else None
