"""Parameters of a mechanism: the part of the schema ``perturbation-parameters`` for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

from drs_reference.standard import validator

__all__ = ["Parameters", "ParametersError"]


class ParametersError(ValueError):
    """Parameters that no mechanism can be made of; the message says which and what is expected."""


@dataclass(frozen=True)
class Parameters:
    """Base of the parameters of each mechanism; members are those of the schema.

    Raises ``ParametersError`` for values that the schema does not allow.
    """

    mechanism: ClassVar[str]

    def __post_init__(self) -> None:
        for error in _part(self.mechanism).iter_errors(asdict(self)):
            place = error.json_path.replace("$", "parameters", 1)
            raise ParametersError(f"{self.mechanism}, {place}: {error.message}")


@cache
def _part(mechanism: str) -> Draft202012Validator:
    whole: Any = validator("perturbation-parameters")
    part: Draft202012Validator = whole.evolve(
        schema={"$ref": f"{whole.schema['$id']}#/$defs/{mechanism}"}
    )
    return part
