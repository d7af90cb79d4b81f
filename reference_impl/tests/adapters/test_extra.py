"""Without the extra, the adapters say how to get it."""

from __future__ import annotations

import importlib
import sys

import pytest
from drs_reference.adapters.extra import MissingExtraError, module_of_extra


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_a_missing_module_names_the_extra(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"^{name} is missing.*\[reference,transformers\]"):
        module_of_extra(name)


def test_the_processor_cannot_be_imported_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "drs_reference.adapters.logits_processor", raising=False)
    with pytest.raises(ImportError, match="pip install"):
        importlib.import_module("drs_reference.adapters.logits_processor")
