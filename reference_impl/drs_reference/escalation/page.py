"""A dossier for people: one HTML page without scripts, in which every text stays text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from drs_reference.escalation.criteria import registered_criteria
from drs_reference.escalation.sign_offs import SIGN_OFFS

__all__ = ["render", "visible"]


def render(dossier: Mapping[str, Any], digest: str) -> str:
    """The page of a dossier without ``faults``, signed or not; ``digest`` is that of its file."""
    style = _read("page.css")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    return environment.get_template("page.html.j2").render(
        dossier=dossier,
        digest=digest,
        titles={criterion["id"]: criterion["title"] for criterion in registered_criteria()},
        sign_offs={role: dossier[name] for role, name in SIGN_OFFS.items()},
        unsigned=[role for role, name in SIGN_OFFS.items() if "proof" not in dossier[name]],
        style=Markup(style),
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def visible(line: str) -> str:
    """A line in which hidden characters, such as those that steer a terminal, stand as numbers."""
    return "".join(char if char.isprintable() else f"[U+{ord(char):04X}]" for char in line)


def _shown(text: str) -> Markup:
    # In an element of its own direction, text moves nothing around it.
    return Markup("<bdi>{}</bdi>").format("\n".join(map(visible, text.split("\n"))))
