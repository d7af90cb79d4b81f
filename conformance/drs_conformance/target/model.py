"""The target file as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from drs_conformance.target.addresses import Network
from drs_conformance.target.origins import Origin, path_of
from drs_conformance.target.problems import Problem, TargetError
from drs_conformance.target.secrets import Secrets

__all__ = [
    "Authorisation",
    "Bounds",
    "Budget",
    "Hub",
    "HubMember",
    "Persona",
    "Prices",
    "Start",
    "Target",
    "TrustGroup",
    "Waiver",
    "is_honest",
    "is_probed",
]


@dataclass(frozen=True, slots=True)
class Persona:
    """A test account: where its credential comes from, and from which address it speaks."""

    name: str
    credential_variable: str
    source_address: str | None = None


def is_honest(persona: str | None) -> bool:
    """Whether an account sends honest traffic only: `control` and `blind-n`."""
    return persona is not None and (persona == "control" or persona.startswith("blind-"))


def is_probed(persona: str) -> bool:
    """Whether an account is probed, so that measures against it may come. Auditors are not."""
    return not is_honest(persona) and persona != "auditor"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a run may spend. Retries count."""

    max_requests: int
    max_output_tokens: int
    max_cost_usd: float
    max_concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input_usd_per_mtok: float = 0.0
    output_usd_per_mtok: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failure that the lab knows and accepts until the end of the day `expires` (UTC).

    `line` is where it stands in the target file, counted from 1.
    """

    requirement: str
    reason: str
    expires: date
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Start:
    """How to launch the target; `command` is run in the folder of the target file."""

    command: tuple[str, ...]
    ready_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class HubMember:
    """Who a persona is in the exchange, and the names of its keys; `revoked_kid` may be None."""

    identity: str
    kid: str
    revoked_kid: str | None = None


@dataclass(frozen=True, slots=True)
class Hub:
    """What a hub is probed with: the public key of the group's log, and members by persona."""

    log_key: str
    members: Mapping[str, HubMember]


@dataclass(frozen=True, slots=True)
class TrustGroup:
    """What a participant is probed with: a trust group of which the suite holds other members.

    `root` is the origin of its hub, `document` what the target file says without names of keys.
    """

    root: str
    document: Mapping[str, Any]

    @property
    def members(self) -> Mapping[str, Any]:
        """Who the personas are in the exchange."""
        found: Mapping[str, Any] = self.document["members"]
        return found


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that an authorisation permits."""

    max_requests: int
    max_output_tokens: int
    max_cost_usd: float
    max_concurrency: int


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Who permits probing what, until when and how much.

    `digest` is the SHA-256 of the document in JCS (RFC 8785), with its prefix.
    """

    file: Path
    digest: str
    issued_by: str
    contact: str
    origins: tuple[Origin, ...]
    not_before: datetime
    expires_at: datetime
    bounds: Bounds
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint under test. Holds its credentials in `secrets` only.

    `base_url` is the dialect's base without a slash at its end, `root` its origin. `ca_file` holds
    certificates that are trusted beside those of the public authorities. `description` is the
    document that describes the dialect, where that is none that the suite knows, `hub` what a hub
    is probed with, `trust_group` what a participant is. `signing_keys` are private, by name.
    """

    name: str
    base_url: str
    root: str
    dialect: str
    model: str
    personas: Mapping[str, Persona]
    budget: Budget
    prices: Prices
    timeout_s: float
    trusted_key: str | None
    waivers: tuple[Waiver, ...]
    start: Start | None
    authorisation: Authorisation
    file: Path
    ca_file: Path | None
    secrets: Secrets = field(compare=False)
    description: Mapping[str, Any] | None = None
    hub: Hub | None = None
    trust_group: TrustGroup | None = None
    signing_keys: Secrets = field(default_factory=lambda: Secrets({}), compare=False)

    @property
    def base_path(self) -> str:
        """Path of `base_url`: empty, or with a slash at its start and none at its end."""
        return path_of(self.base_url)

    @property
    def roots(self) -> tuple[str, ...]:
        """Every origin that a run sends to: that of the endpoint, and that of a hub beside it."""
        return (self.root, *((self.trust_group.root,) if self.trust_group else ()))

    def root_of(self, persona: str | None) -> str:
        """Return the origin that a persona speaks with."""
        group = self.trust_group
        return group.root if group is not None and persona in group.members else self.root

    def rebased(self, url: str) -> Target:
        """Return the target at the root `url`, as a ready line gives it.

        Raises:
            TargetError: `url` is not the root of an http or https server.

        """
        try:
            root = str(Origin.of(url))
            if path_of(url):
                raise ValueError(f"expected a root without a path, got {url!r}")
        except ValueError as error:
            raise TargetError(
                [
                    Problem(
                        str(self.file),
                        "/start",
                        f"the ready line's url cannot be used: {error}",
                        "let the server print its root, such as http://127.0.0.1:8080",
                    )
                ]
            ) from None
        return dataclasses.replace(self, root=root, base_url=root + self.base_path)

    def narrowed(
        self, max_requests: int | None = None, max_cost_usd: float | None = None
    ) -> Target:
        """Return the target with a smaller budget; None leaves a limit as it is.

        Raises:
            TargetError: a limit would grow, or is negative.

        """
        limits = {"max_requests": max_requests, "max_cost_usd": max_cost_usd}
        problems = [
            Problem(
                str(self.file),
                f"/budget/{name}",
                f"expected a limit from 0 to {getattr(self.budget, name)}, got {limit}",
                "ask for less, or raise the budget in the target file",
            )
            for name, limit in limits.items()
            if limit is not None and not 0 <= limit <= getattr(self.budget, name)
        ]
        if problems:
            raise TargetError(problems)
        given = {name: limit for name, limit in limits.items() if limit is not None}
        budget = dataclasses.replace(self.budget, **given)  # type: ignore[arg-type]
        return dataclasses.replace(self, budget=budget)
