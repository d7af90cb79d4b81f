"""From the text of a rule to its syntax tree, within the bounds of DRS-CEL.

Nodes are literals, variables (one node with their dots), operators and the list after ``in``;
parentheses are none. ``a && b && c`` is ``(a && b) && c`` as the grammar of CEL has it, three deep.
Operators wait on a stack of their own, so that no nesting makes this code call itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from drs_reference.exchange.rule_tokens import BYTES_MAX, RuleError, Token, Value, tokens

__all__ = ["DEPTH_MAX", "NODES_MAX", "Node", "syntax_tree", "variables"]

NODES_MAX = 256
DEPTH_MAX = 16

_RANGES = {"int": range(-(2**63), 2**63), "uint": range(2**64)}
_LITERALS = frozenset(("bool", "int", "uint", "double", "string"))
_PREFIX = {"!": "not", "-": "negative"}
_RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_STRENGTHS: dict[str, int] = {
    "(": 0,
    "?": 1,
    ":": 1,
    "||": 2,
    "&&": 3,
    **dict.fromkeys(_RELATIONS, 4),
    **dict.fromkeys("+-", 5),
    **dict.fromkeys("*/%", 6),
    **dict.fromkeys(_PREFIX.values(), 7),
}
_BINARY = frozenset(("||", "&&", *_RELATIONS, *"+-*/%"))
_OPERANDS = {"not": 1, "negative": 1, ":": 3}


@dataclass(frozen=True, slots=True)
class Node:
    """A node: ``kind`` is an operator, ``list``, ``variable`` (``value`` its name) or a literal.

    ``not`` and ``negative`` are the operators of one operand, ``?:`` that of three.
    """

    kind: str
    column: int
    value: Value = False
    operands: tuple[Node, ...] = ()
    depth: int = 1


def syntax_tree(text: str) -> Node:
    """The tree of a rule. Raises ``RuleError``; types are not looked at."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise RuleError(error.start + 1, "half of a surrogate pair is no character") from error
    if size > BYTES_MAX:
        raise RuleError(1, f"the rule has {size} bytes; at most {BYTES_MAX} are allowed")
    return _Parser(tokens(text)).tree()


def variables(tree: Node) -> frozenset[str]:
    """The names of the variables in a tree."""
    waiting, names = [tree], set()
    while waiting:
        node = waiting.pop()
        waiting += node.operands
        if node.kind == "variable":
            names.add(str(node.value))
    return frozenset(names)


class _Parser:
    """Operator precedence (Dijkstra 1961): operands and waiting operators, each on a stack."""

    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._at = 0
        self._operands: list[Node] = []
        self._waiting: list[tuple[str, int]] = []
        self._nodes = 0

    def tree(self) -> Node:
        self._operand()
        while not self._operator():
            self._operand()
        return self._operands.pop()

    def _next(self) -> Token:
        word = self._words[self._at]
        self._at += 1
        return word

    def _operand(self) -> None:
        """Read one operand with the operators and parentheses before it."""
        while True:
            word = self._next()
            if word.kind == "name":
                return self._push("variable", word.column, word.text)
            if self._literal(word):
                return None
            if word.kind != "(" and word.kind not in _PREFIX:
                raise RuleError(word.column, f"expected a value; got {_said(word)}")
            self._waiting.append((_PREFIX.get(word.kind, "("), word.column))

    def _literal(self, word: Token) -> bool:
        """Take a literal, a minus before its number included; whether there is one."""
        number = self._words[self._at] if word.kind == "-" else word
        negative = number is not word and number.kind in ("int", "double")
        if not negative and word.kind not in _LITERALS:
            return False
        value = number.value
        if negative:
            self._at += 1
            assert not isinstance(value, str)
            value = -value
        if number.kind in _RANGES and value not in _RANGES[number.kind]:
            raise RuleError(word.column, f"a number of type {number.kind} is beyond 64 bits")
        self._push(number.kind, word.column, value)
        return True

    def _operator(self) -> bool:
        """Read up to what asks for another operand; whether the rule ended before."""
        while True:
            word = self._next()
            if word.kind == "in":
                self._reduce(_STRENGTHS["in"])
                self._list()
                self._apply("in", word.column)
            elif word.kind in _BINARY:
                self._reduce(_STRENGTHS[word.kind])
                self._waiting.append((word.kind, word.column))
                return False
            elif word.kind in ("?", ":"):
                self._condition(word)
                return False
            elif word.kind in (")", "end"):
                self._reduce(1)
                if self._closed(word):
                    return True
            elif word.kind == "(":
                raise RuleError(word.column, "DRS-CEL has no functions and no macros")
            else:
                raise RuleError(word.column, f"expected an operator; got {_said(word)}")

    def _closed(self, word: Token) -> bool:
        if word.kind == "end" and not self._waiting:
            return True
        if word.kind == ")" and self._waiting and self._waiting[-1][0] == "(":
            self._waiting.pop()
            return False
        if not self._waiting:
            raise RuleError(word.column, "a parenthesis is closed that was not opened")
        kind, column = self._waiting[-1]
        missing = "its ':'" if kind == "?" else "its ')'"
        raise RuleError(column, f"{kind!r} lacks {missing}")

    def _condition(self, word: Token) -> None:
        self._reduce(_STRENGTHS["||"])
        above = self._waiting[-1][0] if self._waiting else ""
        if word.kind == "?" and above == "?":
            raise RuleError(word.column, "a condition within another stands in parentheses")
        if word.kind == ":":
            if above != "?":
                raise RuleError(word.column, "':' without its '?'")
            _, column = self._waiting.pop()
        else:
            column = word.column
        self._waiting.append((word.kind, column))

    def _reduce(self, strength: int) -> None:
        """Apply what waits and binds at least as strongly."""
        while self._waiting:
            kind, column = self._waiting[-1]
            if kind == "?" or _STRENGTHS[kind] < strength:
                return
            self._waiting.pop()
            self._apply(kind, column)

    def _apply(self, kind: str, column: int) -> None:
        count = _OPERANDS.get(kind, 2)
        operands = tuple(self._operands[-count:])
        del self._operands[-count:]
        self._push("?:" if kind == ":" else kind, column, False, operands)

    def _list(self) -> None:
        opened = self._next()
        if opened.kind != "[":
            raise RuleError(opened.column, f"expected a list after in; got {_said(opened)}")
        first = len(self._operands)
        word = self._next()
        while word.kind != "]":
            if not self._literal(word):
                raise RuleError(word.column, f"a list holds literals only; got {_said(word)}")
            word = self._next()
            if word.kind == ",":
                word = self._next()
            elif word.kind != "]":
                raise RuleError(word.column, f"expected ',' or ']'; got {_said(word)}")
        members = tuple(self._operands[first:])
        del self._operands[first:]
        self._push("list", opened.column, False, members)

    def _push(
        self, kind: str, column: int, value: Value = False, operands: tuple[Node, ...] = ()
    ) -> None:
        self._nodes += 1
        depth = 1 + max((operand.depth for operand in operands), default=0)
        if self._nodes > NODES_MAX:
            raise RuleError(column, f"the rule has more than {NODES_MAX} nodes")
        if depth > DEPTH_MAX:
            raise RuleError(column, f"the rule is more than {DEPTH_MAX} deep")
        self._operands.append(Node(kind, column, value, operands, depth))


def _said(word: Token) -> str:
    return {"end": "the end", "name": word.text[:64]}.get(word.kind, repr(word.kind))
