"""What a run is about, as the first line of its journal says it.

A replay has the journal and nothing else, so a live run looks at the same record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from drs_conformance.target import is_probed

__all__ = ["Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """The endpoint under test; ``root`` is its origin, ``base_path`` the path of its base URL.

    ``is_control_apart`` says that `control` speaks from an address that no probed persona has.
    ``authorisation`` is the digest of the document that permits the run, where the journal has it,
    ``description`` that of a dialect that the suite does not know, ``hub`` the key of its log and
    who the personas are in the exchange, where it is one; ``trust_group`` says in which group a
    participant is probed.
    """

    name: str
    root: str
    base_path: str
    dialect: str
    model: str
    personas: tuple[str, ...]
    trusted_key: str | None
    is_control_apart: bool
    authorisation: str | None = None
    description: Mapping[str, Any] | None = None
    hub: Mapping[str, Any] | None = None
    trust_group: Mapping[str, Any] | None = None

    @property
    def blind(self) -> tuple[str, ...]:
        """Accounts that somebody else opened and the provider does not know for testers'."""
        return tuple(name for name in self.personas if name.startswith("blind-"))

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> Subject:
        """Read the header record of a journal."""
        target = header["target"]
        return cls(
            name=target["name"],
            root=target["root"],
            base_path=urlsplit(target["base_url"]).path.rstrip("/"),
            dialect=target["dialect"],
            model=target["model"],
            # Sorted, as they are when a journal is read again.
            personas=tuple(sorted(target["personas"])),
            trusted_key=header["run"]["trusted_key"],
            is_control_apart=_is_control_apart(target["personas"]),
            authorisation=header["run"].get("authorisation"),
            description=target.get("dialect_description"),
            hub=target.get("hub"),
            trust_group=target.get("trust_group"),
        )


def _is_control_apart(personas: Mapping[str, Mapping[str, Any]]) -> bool:
    probed = {entry["source_address"] for name, entry in personas.items() if is_probed(name)}
    return personas["control"]["source_address"] not in probed
