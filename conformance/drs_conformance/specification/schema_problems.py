"""Validation errors as sentences: what was expected, what came, where."""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from drs_conformance.specification.pointers import join

_KIND_OF = {
    "object": "an object",
    "array": "an array",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_SHOWN_CHARACTERS = 60
_SHOWN_MEMBERS = 20


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One way in which an instance breaks a schema.

    `pointer` is the JSON Pointer of the failing part of the instance and `schema_path` that of
    the keyword that failed, along the references that were followed. `members` names the members
    that are missing or unknown, where that is the problem.
    """

    pointer: str
    message: str
    keyword: str
    schema_path: str
    members: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the place and the message on one line."""
        return f"{self.pointer or 'whole document'}: {self.message}"


def readable_problems(validator: Draft202012Validator, instance: object) -> list[SchemaProblem]:
    """Return every problem of `instance`, those nearest to its root first.

    Where a schema offers alternatives, the problems are those of the alternative that the
    instance came closest to.
    """
    found: dict[tuple[str, str], SchemaProblem] = {}
    for error in _leaves(validator.iter_errors(instance)):
        problem = SchemaProblem(
            join(error.absolute_path),
            _message(error),
            str(error.validator),
            join(error.absolute_schema_path),
            tuple(_members_at_fault(error)),
        )
        found.setdefault((problem.pointer, problem.message), problem)
    return sorted(found.values(), key=lambda problem: problem.pointer.count("/"))


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        nearest = _nearest_alternative(error)
        if nearest:
            yield from _leaves(nearest)
        else:
            yield error


def _nearest_alternative(error: ValidationError) -> list[ValidationError]:
    """Return the errors of the alternative that fits best, or none when no one stands out."""
    if error.validator not in {"oneOf", "anyOf"} or not error.context:
        return []
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    fitting = [branch for branch in branches.values() if not any(map(_rules_out, branch))]
    fitting.sort(key=_distance)
    stands_out = len(fitting) == 1 or (
        len(fitting) > 1 and _distance(fitting[0]) < _distance(fitting[1])
    )
    return fitting[0] if stands_out else []


def _rules_out(error: ValidationError) -> bool:
    """Tell whether the error shows that another alternative was meant."""
    kind = error.validator == "type" and not error.relative_path
    return kind or (error.validator == "const" and len(error.relative_path) <= 1)


def _distance(branch: list[ValidationError]) -> tuple[int, int]:
    enums = sum(error.validator == "enum" and len(error.relative_path) <= 1 for error in branch)
    return enums, len(branch)


def _message(error: ValidationError) -> str:
    writer = _MESSAGES.get(str(error.validator))
    if writer:
        return writer(error)
    return f"{error.message} (keyword {error.validator})"


def _wanted(error: ValidationError) -> Any:
    return error.validator_value


def _given(error: ValidationError) -> Any:
    return error.instance


def shown(value: object) -> str:
    """Return a value of the JSON data model in few characters, with its kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > _SHOWN_CHARACTERS:
        text = f"{text[:_SHOWN_CHARACTERS]}... ({len(str(value))} characters)"
    return f"the text {text}" if isinstance(value, str) else text


def _type(error: ValidationError) -> str:
    return f"expected {' or '.join(_kinds(error))}, got {shown(_given(error))}"


def _enum(error: ValidationError) -> str:
    values = [json.dumps(value, ensure_ascii=False) for value in _wanted(error)]
    hint = _near(_given(error), [v for v in _wanted(error) if isinstance(v, str)])
    return f"expected one of {', '.join(values)}, got {shown(_given(error))}{hint}"


def _const(error: ValidationError) -> str:
    return f"expected {shown(_wanted(error))}, got {shown(_given(error))}"


def _required(error: ValidationError) -> str:
    return f"expected {_members(_members_at_fault(error))}, got an object without"


def _unevaluated(error: ValidationError) -> str:
    known = list(dict.fromkeys(_property_names(error.schema)))
    extra = _members_at_fault(error)
    missing = [name for name in known if name not in _given(error)]
    hints = "".join(_near(name, missing) for name in extra[:_SHOWN_MEMBERS])
    return f"expected only known members, got also {_members(extra)}{hints}"


def _members_at_fault(error: ValidationError) -> list[str]:
    if error.validator == "required":
        return [name for name in _wanted(error) if name not in _given(error)]
    if error.validator in {"unevaluatedProperties", "additionalProperties"}:
        known = set(_property_names(error.schema))
        return [name for name in _given(error) if name not in known]
    return []


def _pattern(error: ValidationError) -> str:
    meaning = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    meaning = f" ({meaning.rstrip('.')})" if meaning else ""
    return f"expected text like {_wanted(error)}{meaning}, got {shown(_given(error))}"


def _format(error: ValidationError) -> str:
    return f"expected text of the format {_wanted(error)}, got {shown(_given(error))}"


def _one_of(error: ValidationError) -> str:
    value = shown(_given(error))
    if not error.context:
        return f"expected exactly one alternative to hold, got {value}, for which several do"
    kinds, names, missing = [], [], []
    for inner in error.context:
        if inner.validator == "type" and not inner.relative_path:
            kinds += _kinds(inner)
        elif inner.validator == "const" and len(inner.relative_path) == 1:
            names.append(f"{inner.relative_path[0]} {json.dumps(_wanted(inner))}")
            value = f"{inner.relative_path[0]} {shown(_given(inner))}"
        elif inner.validator == "required" and not inner.relative_path:
            missing.append(_members(_members_at_fault(inner)))
    alternatives = " or ".join(dict.fromkeys(names or kinds or missing or ["an alternative"]))
    return f"expected {alternatives}, got {value}"


def _kinds(error: ValidationError) -> list[str]:
    wanted = _wanted(error)
    return [_KIND_OF[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)]


def _absent(error: ValidationError) -> str:
    if _wanted(error) == {}:
        return f"expected no such member beside the others, got {shown(_given(error))}"
    return f"{error.message} (keyword not)"


def _at_least(error: ValidationError) -> str:
    return f"expected at least {_wanted(error)}, got {shown(_given(error))}"


def _more_than(error: ValidationError) -> str:
    return f"expected more than {_wanted(error)}, got {shown(_given(error))}"


def _less_than(error: ValidationError) -> str:
    return f"expected less than {_wanted(error)}, got {shown(_given(error))}"


def _at_most(error: ValidationError) -> str:
    return f"expected at most {_wanted(error)}, got {shown(_given(error))}"


def _counted(bound: str, unit: str) -> Callable[[ValidationError], str]:
    def message(error: ValidationError) -> str:
        count = len(_given(error))
        plural = "" if _wanted(error) == 1 else "s"
        return f"expected at {bound} {_wanted(error)} {unit}{plural}, got {count}"

    return message


def _unique(error: ValidationError) -> str:
    return f"expected each item once, got {shown(_given(error))} with a repeated one"


def _contains(error: ValidationError) -> str:
    wanted = _wanted(error)
    value = shown(wanted["const"]) if isinstance(wanted, Mapping) and "const" in wanted else "one"
    return f"expected an item that is {value}, got {shown(_given(error))} without"


_MESSAGES: dict[str, Callable[[ValidationError], str]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "unevaluatedProperties": _unevaluated,
    "additionalProperties": _unevaluated,
    "pattern": _pattern,
    "format": _format,
    "oneOf": _one_of,
    "anyOf": _one_of,
    "not": _absent,
    "minimum": _at_least,
    "maximum": _at_most,
    "exclusiveMinimum": _more_than,
    "exclusiveMaximum": _less_than,
    "minItems": _counted("least", "item"),
    "maxItems": _counted("most", "item"),
    "minLength": _counted("least", "character"),
    "maxLength": _counted("most", "character"),
    "minProperties": _counted("least", "member"),
    "maxProperties": _counted("most", "member"),
    "uniqueItems": _unique,
    "contains": _contains,
}


def _members(names: list[str]) -> str:
    quoted = [json.dumps(name, ensure_ascii=False) for name in names[:_SHOWN_MEMBERS]]
    if len(names) > _SHOWN_MEMBERS:
        quoted.append(f"and {len(names) - _SHOWN_MEMBERS} more")
    listed = ", ".join(name if len(name) < 200 else f"{name[:200]}..." for name in quoted)
    return f"the member{'s' if len(names) > 1 else ''} {listed}"


def _near(name: object, candidates: list[str]) -> str:
    close = difflib.get_close_matches(name, candidates, n=1) if isinstance(name, str) else []
    return f"; did you mean {json.dumps(close[0])}?" if close else ""


def _property_names(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    yield from schema.get("properties", {})
    for keyword in ("if", "then", "else"):
        yield from _property_names(schema.get(keyword))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, []):
            yield from _property_names(part)
