"""Where the standard lies, and its registries and schemas."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

VERSION = "0.1"


class StandardNotFoundError(Exception):
    """Neither a checkout nor an installed package holds ``spec/`` and ``schemas/``."""


def standard_root() -> Path:
    """Directory that holds ``spec/`` and ``schemas/``: the checkout's root, else the data package.

    Raises ``StandardNotFoundError``.
    """
    checkout = Path(__file__).resolve().parents[2]
    candidates = [checkout]
    found = importlib.util.find_spec("drs_standard")
    if found is not None and found.submodule_search_locations:
        candidates += [Path(location) for location in found.submodule_search_locations]
    for root in candidates:
        if (root / "spec").is_dir() and (root / "schemas").is_dir():
            return root
    places = ", ".join(str(root) for root in candidates)
    raise StandardNotFoundError(
        f"the text of the standard was not found (looked for spec/ and schemas/ in {places}): "
        "reinstall distillation-resistance-standard"
    )


class _Loader(yaml.SafeLoader):
    """Booleans as in YAML 1.2: the registries have members named ``on``."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


@cache
def registry(name: str) -> Mapping[str, Any]:
    """A registry of the standard by its file name without ``.yaml``, such as ``ladder``."""
    path = standard_root() / "spec" / VERSION / "registries" / f"{name}.yaml"
    document = yaml.load(path.read_text("utf-8"), _Loader)
    if not isinstance(document, dict):
        raise StandardNotFoundError(f"{path} does not hold a mapping")
    return document


@cache
def validator(kind: str) -> Draft202012Validator:
    """Validator of a document kind, such as ``flag``; formats are checked where known."""
    folder = standard_root() / "schemas" / VERSION
    documents = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.schema.json")]
    schemas = {document["$id"]: document for document in documents}
    resources = [(uri, Resource.from_contents(document)) for uri, document in schemas.items()]
    known: Registry[Any] = Registry().with_resources(resources)
    target = next(uri for uri in schemas if uri.endswith(f"/{kind}.schema.json"))
    return Draft202012Validator(
        schemas[target],
        registry=known,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
