"""Refusals as problems (RFC 9457), with the dialect's own error object beside them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

from drs_reference.eligibility.criteria import Criterion
from drs_reference.gateway.limiter import Quota
from drs_reference.response.procedure import Account
from drs_reference.standard import registry

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem; ``members`` are its extension members."""

    type: str
    title: str
    status: int
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The document (schema ``problem``)."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:uuid:{uuid.uuid4()}",
            **self.members,
        }


class ProblemError(Exception):
    """Raised by a handler to answer with a problem."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.headers = dict(headers or {})


def plain_problem(status: int, detail: str, **members: Any) -> Problem:
    """A problem that means no more than its HTTP status (RFC 9457 section 4.2.1)."""
    return Problem("about:blank", HTTPStatus(status).phrase, status, detail, members)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that carries a problem; never cached."""
    return JSONResponse(
        problem.document(),
        problem.status,
        {"Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )


class Refusals:
    """Policy refusals of the problem-types registry. Nothing in them depends on the evidence."""

    def __init__(self, appeals_path: str) -> None:
        self.appeals_path = appeals_path
        self._types = {
            entry["id"]: (entry["type"], entry["status_code"])
            for entry in registry("problem-types")["entries"]
        }

    def policy(self, entry: str, title: str, detail: str, **members: Any) -> Problem:
        """A problem of the registry."""
        uri, status = self._types[entry]
        return Problem(uri, title, status, detail, members)

    def recourse(self, account: Account) -> dict[str, str]:
        """The case and where to appeal, as far as there is a case."""
        return {"case": account.case.id, "appeal": self.appeals_path} if account.case else {}

    def over_quota(self, account: Account, quota: Quota) -> Problem:
        """The quota of the policy in force is used up."""
        policy = quota.policy
        members: dict[str, Any] = {"violated-policies": [policy.name]}
        wait = f"Wait {quota.reset_s} s."
        if account.under("throttle"):
            return self.policy(
                "abnormal-usage-detected",
                "Quota of a graduated measure used up",
                f"This account may send {policy.quota} requests in {policy.window_s} s while a "
                f"measure is in force. {wait} You can appeal against the measure.",
                **members,
                **self.recourse(account),
            )
        return self.policy(
            "quota-exceeded",
            "Quota used up",
            f"This account may send {policy.quota} requests in {policy.window_s} s. {wait}",
            **members,
        )

    def closed(self, account: Account) -> Problem:
        """Inference is refused to a suspended or terminated account."""
        if account.under("terminate"):
            return self.policy(
                "account-terminated",
                "Account terminated",
                "This account is terminated and gets no answers. The account view and appeals "
                "stay open to it.",
                **self.recourse(account),
            )
        return self.policy(
            "account-suspended",
            "Account suspended",
            "This account is suspended and gets no answers until the review. The account view "
            "and appeals stay open to it.",
            **self.recourse(account),
        )

    def not_eligible(self, criterion: Criterion) -> Problem:
        """Inference is refused to an account that a criterion of the policy excludes."""
        return self.policy(
            "not-eligible",
            "Not eligible",
            f"The criterion {criterion.id} of the eligibility policy excludes this account from "
            f"this surface. You can appeal at {self.appeals_path}.",
            criterion=criterion.id,
            appeal=self.appeals_path,
        )

    def out_of_bounds(self, parameter: str, limit: int) -> Problem:
        """A request asks for more exposure than the declaration allows."""
        return self.policy(
            "parameter-out-of-bounds",
            "Parameter out of the declared bounds",
            f"{parameter} may be at most {limit} in this request; the bounds stand in the "
            "declaration at /.well-known/distillation-resistance.",
            parameter=parameter,
            limit=limit,
        )

    def perturbed(self, account: Account, parameter: str, limit: int) -> Problem:
        """A request asks for more exposure than is left to an account under ``perturb``."""
        return self.policy(
            "parameter-out-of-bounds",
            "Parameter out of the bounds of a graduated measure",
            f"{parameter} may be at most {limit} in this request while a measure is in force. You "
            "can appeal against the measure.",
            parameter=parameter,
            limit=limit,
            **self.recourse(account),
        )
