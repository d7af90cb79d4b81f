"""Modules of the extra ``transformers``, which the default install does without."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["MissingExtraError", "module_of_extra"]


class MissingExtraError(ImportError):
    """A module of the extra is not installed; the message says how to install it."""


def module_of_extra(name: str) -> Any:
    """The module ``torch`` or ``transformers``. Raises ``MissingExtraError``."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingExtraError(
            f"{name} is missing; install it with "
            "pip install 'distillation-resistance-standard[reference,transformers]'"
        ) from error
