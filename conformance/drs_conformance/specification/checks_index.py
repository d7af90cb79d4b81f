"""Which check tests which requirement, and which mutant breaks it, read from source code.

The code is parsed and never imported, so that the text can be inspected without any target.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")


class CheckSourceError(Exception):
    """A module of checks or mutants cannot be indexed; `line` counts from one."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CheckReference:
    """A function that tests a requirement: `@requirement("DCL-01")`.

    `module` is the dotted path below the folder that was searched, `function` has its classes in
    front, `line` is that of the decorator.
    """

    requirement: str
    module: str
    function: str
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class MutantReference:
    """An endpoint that breaks requirements on purpose: `@mutant(breaks=["DCL-01"])`."""

    name: str
    breaks: tuple[str, ...]
    file: Path
    line: int


def find_checks(folder: Path) -> tuple[CheckReference, ...]:
    """Return every check below `folder`; none when there is no such folder.

    Raises:
        CheckSourceError: a module is not Python, or an identifier is not written out.

    """
    return _all_of(CheckReference, list(scan_checks(folder)))


def find_mutants(folder: Path) -> tuple[MutantReference, ...]:
    """Return every mutant below `folder`; none when there is no such folder.

    Raises:
        CheckSourceError: a module is not Python, or `breaks` is not a list of written-out
            identifiers.

    """
    return _all_of(MutantReference, list(scan_mutants(folder)))


def scan_checks(folder: Path) -> Iterator[CheckReference | CheckSourceError]:
    """Yield every check, and an error for whatever cannot be indexed."""
    for file, module, function, decorator in _decorated(folder, "requirement"):
        if isinstance(decorator, CheckSourceError):
            yield decorator
            continue
        only = decorator.args[0] if len(decorator.args) == 1 and not decorator.keywords else None
        if isinstance(only, ast.Constant) and isinstance(only.value, str):
            yield CheckReference(only.value, module, function, file, decorator.lineno)
        else:
            reason = f'expected @requirement("ABC-01") on {function}, got other arguments'
            yield CheckSourceError(file, decorator.lineno, reason)


def scan_mutants(folder: Path) -> Iterator[MutantReference | CheckSourceError]:
    """Yield every mutant, and an error for whatever cannot be indexed."""
    for file, _, function, decorator in _decorated(folder, "mutant"):
        if isinstance(decorator, CheckSourceError):
            yield decorator
            continue
        breaks = next((word.value for word in decorator.keywords if word.arg == "breaks"), None)
        names = _texts(breaks)
        if names:
            yield MutantReference(function, names, file, decorator.lineno)
        else:
            reason = f'expected @mutant(breaks=["ABC-01"]) on {function}, got other arguments'
            yield CheckSourceError(file, decorator.lineno, reason)


def _all_of(kind: type[_T], found: list[_T | CheckSourceError]) -> tuple[_T, ...]:
    for item in found:
        if isinstance(item, CheckSourceError):
            raise item
    return tuple(item for item in found if isinstance(item, kind))


def _texts(node: ast.expr | None) -> tuple[str, ...]:
    """Return the texts of a list or tuple of string literals, or nothing."""
    if not isinstance(node, ast.List | ast.Tuple):
        return ()
    texts = [item.value for item in node.elts if isinstance(item, ast.Constant)]
    is_complete = len(texts) == len(node.elts) and all(isinstance(text, str) for text in texts)
    return tuple(map(str, texts)) if is_complete else ()


def _decorated(
    folder: Path, name: str
) -> Iterator[tuple[Path, str, str, ast.Call | CheckSourceError]]:
    for file in sorted(folder.rglob("*.py")):
        module = ".".join(file.relative_to(folder).with_suffix("").parts)
        try:
            tree = ast.parse(file.read_bytes(), filename=str(file))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            yield file, module, "", CheckSourceError(file, line, f"expected Python: {error}")
            continue
        for function, node in _functions(tree, ""):
            for decorator in node.decorator_list:
                if _called(decorator) != name:
                    continue
                if isinstance(decorator, ast.Call):
                    yield file, module, function, decorator
                else:
                    reason = f"expected @{name}(...) on {function}, got no arguments"
                    yield file, module, function, CheckSourceError(file, decorator.lineno, reason)


def _functions(
    node: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def _called(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""
