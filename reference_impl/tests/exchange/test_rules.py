"""DRS-CEL, held against an evaluator that knows nothing of the one under test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from time import process_time
from typing import Any

import pytest
from drs_reference.exchange.rules import Outcome, RuleError, compile_rule
from hypothesis import example, given, settings
from hypothesis import strategies as st

TYPES = {
    "win.accounts": "int",
    "win.requests": "int",
    "win.template_share": "double",
    "win.ratio": "double",
    "req.asks_logprobs": "bool",
    "sel.matched": "bool",
    "req.model": "string",
}
OF = {kind: sorted(n for n, of in TYPES.items() if of == kind) for kind in set(TYPES.values())}
SECONDS = 3  # far from what a check takes, also when the garbage of all tests is collected in it
"""Of the processor for one rule, whatever it is; in truth a few milliseconds."""


def outcome(text: str, features: Mapping[str, object] | None = None) -> Outcome:
    return compile_rule(text, TYPES).evaluate(features or {})


# --- Random rules -------------------------------------------------------------------------------

INTS = [0, 1, -1, 2, 3, -7, 50, 2**62, 2**63 - 1, -(2**63)]
DOUBLES = [0.0, -0.0, 1.0, 0.5, -2.5, 1e308, 5e-324, 2.0**63, 3.0]
STRINGS = ["", "a", "b'", '"', "\\", "\n", "\u00e9", "\U0001f600", "aa"]
LITERALS: dict[str, list[Any]] = {
    "int": INTS,
    "double": DOUBLES,
    "bool": [True, False],
    "string": STRINGS,
}
ORDERS = ["<", "<=", ">", ">="]
Tree = tuple[Any, ...]


def literal(rng: Random, kind: str) -> Tree:
    return ("literal", kind, rng.choice(LITERALS[kind]))


def grown(rng: Random, kind: str, depth: int) -> Tree:
    """A random tree of a type, at most ``depth`` operators deep."""
    if depth == 0 or rng.random() < 0.1:
        return literal(rng, kind) if rng.random() < 0.5 else ("variable", rng.choice(OF[kind]))

    def inner(of: str) -> Tree:
        return grown(rng, of, depth - 1)

    if rng.random() < 0.15 or kind == "string":
        return ("?:", inner("bool"), inner(kind), inner(kind))
    if kind != "bool":
        sign = rng.choice(["neg", *("+-*/%" if kind == "int" else "+-*/")])
        return (sign, inner(kind)) if sign == "neg" else (sign, inner(kind), inner(kind))
    form = rng.choice(["!", "&&", "||", "&&", "||", "order", "equal", "in"])
    if form == "!":
        return ("!", inner("bool"))
    if form in ("&&", "||"):
        return (form, inner("bool"), inner("bool"))
    of = rng.choice(sorted(LITERALS))
    if form == "in":
        return ("in", inner(of), [literal(rng, of) for _ in range(rng.randrange(4))])
    if form == "order":
        numbers = [rng.choice(["int", "double"]) for _ in "ab"]
        return (rng.choice(ORDERS), inner(numbers[0]), inner(numbers[1]))
    return (rng.choice(["==", "!=", *ORDERS]), inner(of), inner(of))


def trees(depth: int) -> st.SearchStrategy[Tree]:
    """Random trees of type bool."""
    return st.integers(0, 2**64).map(lambda seed: grown(Random(seed), "bool", depth))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def written(tree: Tree, blank: str = " ") -> str:
    """The tree in CEL, in parentheses throughout."""
    match tree:
        case ("literal", "bool", value):
            return "true" if value else "false"
        case ("literal", "string", value):
            return quoted(value)
        case ("literal", "double", value):
            text = repr(value)
            return text if "." in text or "e" in text else text + ".0"
        case ("literal", _, value):
            return str(value)
        case ("variable", name):
            return str(name)
        case ("?:", asked, then, otherwise):
            parts = [written(part, blank) for part in (asked, then, otherwise)]
            return f"({parts[0]}{blank}?{blank}{parts[1]}{blank}:{blank}{parts[2]})"
        case ("!", operand):
            return f"(!{blank}{written(operand, blank)})"
        case ("neg", operand):
            return f"(-({written(operand, blank)}))"
        case ("in", value, members):
            inner = f",{blank}".join(written(member, blank) for member in members)
            return f"({written(value, blank)} in [{inner}])"
        case (sign, left, right):
            return f"({written(left, blank)}{blank}{sign}{blank}{written(right, blank)})"
    raise AssertionError(tree)


class EvaluationError(Exception):
    """What CEL calls an error."""


def int64(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise EvaluationError
    return value


def number(sign: str, left: Any, right: Any) -> Any:
    if sign in "+-*":
        result = {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}
        value = result[sign]()
        return value if isinstance(value, float) else int64(value)
    if isinstance(left, float):
        if right == 0:
            if left == 0 or math.isnan(left) or math.isnan(right):
                return math.nan
            return math.copysign(math.inf, math.copysign(1, left) * math.copysign(1, right))
        return left / right
    if right == 0:
        raise EvaluationError
    whole = int64(math.trunc(abs(left) // abs(right)) * (1 if (left < 0) == (right < 0) else -1))
    return whole if sign == "/" else left - whole * right


def naive(tree: Tree, features: Mapping[str, object]) -> Any:
    """What the tree says, by exceptions where CEL has errors."""
    match tree:
        case ("literal", _, value):
            return value
        case ("variable", name):
            if name not in features:
                raise EvaluationError
            return features[name]
        case ("?:", asked, then, otherwise):
            return naive(then if naive(asked, features) else otherwise, features)
        case ("!", operand):
            return not naive(operand, features)
        case ("neg", operand):
            value = naive(operand, features)
            return -value if isinstance(value, float) else int64(-value)
        case ("in", value, members):
            held = naive(value, features)
            return any(held == member[2] for member in members)
        case ("&&" | "||" as sign, left, right):
            decisive = sign == "||"
            said = []
            for side in (left, right):
                try:
                    said.append(naive(side, features))
                except EvaluationError:
                    said.append(None)
            if decisive in [value for value in said if value is not None]:
                return decisive
            if None in said:
                raise EvaluationError
            return not decisive
        case (sign, left, right):
            one, other = naive(left, features), naive(right, features)
            compare = {
                "==": lambda: one == other,
                "!=": lambda: one != other,
                "<": lambda: one < other,
                "<=": lambda: one <= other,
                ">": lambda: one > other,
                ">=": lambda: one >= other,
            }
            return compare[sign]() if sign in compare else number(sign, one, other)
    raise AssertionError(tree)


FEATURES = st.fixed_dictionaries(
    {},
    optional={
        "win.accounts": st.sampled_from(INTS),
        "win.requests": st.sampled_from(INTS),
        "win.template_share": st.sampled_from([*DOUBLES, math.nan, math.inf]),
        "win.ratio": st.sampled_from([*DOUBLES, math.nan]),
        "req.asks_logprobs": st.booleans(),
        "sel.matched": st.booleans(),
        "req.model": st.sampled_from(STRINGS),
    },
)


def judged(tree: Tree, features: Mapping[str, object]) -> Outcome:
    try:
        return Outcome.MATCH if naive(tree, features) else Outcome.NO_MATCH
    except EvaluationError:
        return Outcome.ERROR


@settings(deadline=None, max_examples=300)
@given(trees(5), FEATURES, st.sampled_from(["", " ", "\n\t", " // x\n"]))
def test_a_random_rule_says_what_the_naive_evaluator_says(
    tree: Tree, features: dict[str, object], blank: str
):
    text = written(tree, blank)
    try:
        rule = compile_rule(text, TYPES)
    except RuleError as error:
        if "nodes" not in error.reason and "bytes" not in error.reason:
            raise
        return
    assert rule.evaluate(features) is judged(tree, features)
    assert rule.matches(features) == (judged(tree, features) is Outcome.MATCH)


@settings(deadline=None)
@given(trees(4), FEATURES, FEATURES)
def test_what_is_said_of_some_features_holds_whatever_the_others_are(
    tree: Tree, some: dict[str, object], others: dict[str, object]
):
    rule = compile_rule(written(tree), TYPES)
    said = rule.evaluate(some)
    if said is not Outcome.ERROR:
        assert rule.evaluate({**others, **some}) is said


# --- The grammar --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("true || false && false", "true || (false && false)"),
        ("!true || true", "(!true) || true"),
        ("1 + 2 * 3 == 7", "(1 + (2 * 3)) == 7"),
        ("10 - 3 - 2 == 5", "((10 - 3) - 2) == 5"),
        ("100 / 10 / 5 == 2", "((100 / 10) / 5) == 2"),
        ("7 % 4 * 2 == 6", "((7 % 4) * 2) == 6"),
        ("1 < 2 == true", "(1 < 2) == true"),
        ("1 == 1 in [true]", "(1 == 1) in [true]"),
        ("false ? true : true ? false : true", "false ? true : (true ? false : true)"),
        ("true || true ? false : true", "(true || true) ? false : true"),
        ("-2 + 3 == 1", "(-2) + 3 == 1"),
        ("3-2 == 1", "3 - (2) == 1"),
        ("--2 == 2", "-(-2) == 2"),
        ("!!true", "!(!true)"),
        ("1 - -1 == 2", "1 - (-1) == 2"),
    ],
)
def test_operators_bind_as_in_cel(text: str, same: str):
    assert outcome(text) is outcome(same)


@pytest.mark.parametrize(
    "text",
    [
        "win . accounts > 0x0F",
        "win.accounts in [1, 16,]",
        "win.accounts in [-1, 16]",
        "!(win.accounts in [])",
        "win.accounts != 17 // why",
        "win.accounts < 5u * 5u",
        "win.accounts < 1e2",
        "win.accounts > .5",
        "win.accounts + 1 == 17",
        "req.model == 'm\\x41\\u00e9\\101'",
        'req.model == "mA\u00e9A"',
        "req.model != r'\\d+'",
        "req.model == '''mA\u00e9A'''",
        'req.model < """n"""',
        "((((((((((((((((((((((win.accounts > 1))))))))))))))))))))))",
        "-9223372036854775808 < win.accounts",
        "win.accounts < 9223372036854775807",
        "true ? win.accounts == 16 : 1 / 0 == 1",
        "win.accounts > 1.5",
        "1.5 < win.accounts",
        "false < true",
    ],
)
def test_what_cel_has_within_the_profile_is_read(text: str):
    assert outcome(text, {"win.accounts": 16, "req.model": "mA\u00e9A"}) is Outcome.MATCH


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "expected a value"),
        ("true true", 6, "expected an operator"),
        ("(true", 1, "lacks"),
        ("true)", 5, "not opened"),
        ("true ? false", 6, "lacks"),
        ("true : false", 6, "without"),
        ("true ? true ? true : false : false", 13, "parentheses"),
        ("(true ? true) : true", 7, "lacks"),
        ("size('a') == 1", 5, "no functions"),
        ("[1, 2].exists(x, x > 1)", 7, "no part"),
        ("req.model.matches('a')", 18, "no functions"),
        ("has(win.accounts)", 4, "no functions"),
        ("win['accounts'] > 1", 4, "expected an operator"),
        ("[1] == [1]", 1, "expected a value"),
        ("1 in [1] + [2]", 12, "expected a value"),
        ("win.accounts in [win.requests]", 18, "literals only"),
        ("win.accounts in [[1]]", 18, "literals only"),
        ("win.accounts in [1, 2.0]", 17, "of one type"),
        ("win.accounts in ['a']", 14, "in a list of string"),
        ("win.accounts in 5", 17, "expected a list"),
        ("req.model + 'a' == 'aa'", 11, "needs numbers"),
        ("win.accounts + 1.0 > 2.0", 14, "needs operands of type int"),
        ("win.accounts + 1u > 2", 14, "needs operands of type int"),
        ("win.ratio % 2.0 == 0.0", 11, "needs numbers"),
        ("win.ratio == 1", 11, "of one type"),
        ("win.accounts && true", 14, "type bool"),
        ("!win.accounts", 1, "type bool"),
        ("-req.model == 'a'", 1, "needs numbers"),
        ("-5u == 5u", 1, "needs numbers"),
        ("true ? 1 : 2.0", 6, "of one type"),
        ("1 ? true : false", 3, "type bool"),
        ("win.accounts", 1, "of type int"),
        ("'true'", 1, "of type string"),
        ("win.secret > 1", 1, "not listed"),
        ("accounts > 1", 1, "not listed"),
        ("null == null", 1, "not listed"),
        ("b'a' == b'a'", 2, "expected an operator"),
        (".win.accounts > 1", 1, "no part"),
        ("9223372036854775808 > 1", 1, "beyond 64 bits"),
        ("-9223372036854775809 < 1", 1, "beyond 64 bits"),
        ("18446744073709551616u > 1", 1, "beyond 64 bits"),
        ("1e999 > 1.0", 1, "beyond 64 bits"),
        ("3px > 1", 1, "followed"),
        ("1.2.3 > 1", 1, "followed"),
        ("'a' == 'b", 8, "no part"),
        ("'\\q' == 'q'", 1, "escape"),
        ("'\\ud800' == 'q'", 1, "no character"),
        ("'\\U00110000' == 'q'", 1, "no character"),
        ("'a\nb' == 'q'", 1, "no part"),
        ("true & true", 6, "no part"),
        ("true = true", 6, "no part"),
        ("true; true", 5, "no part"),
        ("\u0442rue", 1, "no part"),
        ("win.accounts > \u0661", 16, "no part"),
        ("\ud800", 1, "surrogate"),
        ("\x00", 1, "no part"),
    ],
)
def test_what_is_outside_the_profile_is_refused(text: str, column: int, reason: str):
    with pytest.raises(RuleError, match=reason) as refused:
        compile_rule(text, TYPES)
    assert refused.value.column == column


def test_a_type_that_no_feature_has_is_refused():
    with pytest.raises(RuleError, match="declared with the type 'map'"):
        compile_rule("true", {"win.x": "map"})


# --- The bounds ---------------------------------------------------------------------------------


def balanced(leaves: int, sign: str = "&&") -> str:
    if leaves == 1:
        return "true"
    half = leaves // 2
    return f"({balanced(half, sign)}{sign}{balanced(leaves - half, sign)})"


def test_as_many_nodes_as_are_allowed():
    assert outcome("!" + balanced(128)) is Outcome.NO_MATCH
    with pytest.raises(RuleError, match="more than 256 nodes"):
        compile_rule("!!" + balanced(128), TYPES)


def test_a_list_counts_with_its_members():
    allowed = ",".join(["1"] * 253)
    assert outcome(f"1 in [{allowed}]") is Outcome.MATCH
    with pytest.raises(RuleError, match="more than 256 nodes"):
        compile_rule(f"1 in [{allowed},1]", TYPES)


def test_as_deep_as_is_allowed():
    assert outcome("&&".join(["true"] * 16)) is Outcome.MATCH
    assert outcome("!" * 15 + "true") is Outcome.NO_MATCH
    for text in (
        "&&".join(["true"] * 17),
        "!" * 16 + "true",
        "true ? " * 1 + "!" * 15 + "true:true",
    ):
        with pytest.raises(RuleError, match="more than 16 deep"):
            compile_rule(text, TYPES)


def test_as_long_as_is_allowed():
    assert outcome("true".ljust(2048)) is Outcome.MATCH
    for text in ("true".ljust(2049), "true //" + "\u00e9" * 1024):
        with pytest.raises(RuleError, match="at most 2048"):
            compile_rule(text, TYPES)


def nasty(piece: str) -> str:
    return (piece * 2048)[: 2048 // max(len(piece[:1].encode()), 1)]


PIECES = [*"(!-[{'\"\\.?:1e0xru_/~", "''", "!(", "-(", "a.", "1?", "1?1:", "a ", "a. ", "1-", "&&"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("end", ["", "true", ")", "1", "'", "]"])
def test_no_repetition_holds_up_the_check(piece: str, end: str):
    start = process_time()
    with pytest.raises(RuleError):
        compile_rule(nasty(piece)[: 2048 - len(end)] + end, TYPES)
    assert process_time() - start < SECONDS


WORDS = """( ) [ ] ! - && || ? : in 1 1.5 true 'a' \\ ' " == < + % , 2u // \u00e9
win.accounts req.model"""
ODD = st.sampled_from([*WORDS.split(), " ", "\n", '"""'])


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=2048)
    | st.binary(max_size=2048).map(lambda data: data.decode("latin-1"))
    | st.lists(ODD, max_size=400).map("".join)
    | st.lists(ODD, max_size=12).map(" ".join)
)
@example("(" * 2048)
@example("true" + ")" * 2044)
@example("!" * 2044 + "true")
def test_any_text_is_judged_within_milliseconds(text: str):
    start = process_time()
    try:
        rule = compile_rule(text, TYPES)
    except RuleError as error:
        column = error.column
    else:
        column = 1
        assert isinstance(rule.evaluate({"win.accounts": 3, "req.model": "a"}), Outcome)
    assert 1 <= column <= len(text) + 1
    assert process_time() - start < SECONDS


# --- Values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "9223372036854775807 + 1 > 0",
        "-9223372036854775808 - 1 < 0",
        "4611686018427387904 * 2 > 0",
        "-(-9223372036854775808) > 0",
        "-9223372036854775808 / -1 > 0",
        "-9223372036854775808 % -1 == 0",
        "1 / 0 == 1",
        "1 % 0 == 1",
        "0u - 1u < 5u",
        "18446744073709551615u + 1u > 0u",
        "win.accounts > 1",
        "win.accounts > 1 ? true : true",
        "true && win.accounts > 1",
        "win.accounts > 1 || false",
        "!(win.accounts > 1)",
    ],
)
def test_what_is_an_error_is_no_match_and_told_apart(text: str):
    rule = compile_rule(text, TYPES)
    assert rule.evaluate({}) is Outcome.ERROR
    assert rule.matches({}) is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("win.accounts > 1 && false", Outcome.NO_MATCH),
        ("false && win.accounts > 1", Outcome.NO_MATCH),
        ("win.accounts > 1 || true", Outcome.MATCH),
        ("true || 1 / 0 == 1", Outcome.MATCH),
        ("(1 / 0 == 1 && win.accounts > 1) || true", Outcome.MATCH),
        ("-7 / 2 == -3", Outcome.MATCH),
        ("-7 % 2 == -1", Outcome.MATCH),
        ("7 % -2 == 1", Outcome.MATCH),
        ("1.0 / 0.0 > 1e308", Outcome.MATCH),
        ("-1.0 / 0.0 < -1e308", Outcome.MATCH),
        ("1.0 / -0.0 < -1e308", Outcome.MATCH),
        ("0.0 / 0.0 == 0.0 / 0.0", Outcome.NO_MATCH),
        ("0.0 / 0.0 != 0.0 / 0.0", Outcome.MATCH),
        ("0.0 / 0.0 < 1.0 || 0.0 / 0.0 >= 1.0", Outcome.NO_MATCH),
        ("0.0 / 0.0 in [0.0]", Outcome.NO_MATCH),
        ("-0.0 == 0.0", Outcome.MATCH),
        ("1e308 * 10.0 > 1e308", Outcome.MATCH),
        ("9007199254740993 > 9007199254740992.0", Outcome.MATCH),
        ("9223372036854775807 < 9223372036854775808.0", Outcome.MATCH),
        ("-1 < 0u", Outcome.MATCH),
    ],
)
def test_values_are_those_of_cel(text: str, said: Outcome):
    assert outcome(text) is said


@pytest.mark.parametrize(
    "value", [None, True, 1.0, "1", 2**63, -(2**63) - 1, [1], {"a": 1}, math.nan]
)
def test_a_value_of_another_type_is_not_computed(value: object):
    assert outcome("win.accounts == 1", {"win.accounts": value}) is Outcome.ERROR


def test_a_whole_number_serves_as_a_double():
    assert outcome("win.ratio == 2.0", {"win.ratio": 2}) is Outcome.MATCH
    assert outcome("win.ratio == 1.0", {"win.ratio": True}) is Outcome.ERROR
    assert outcome("win.ratio > 1.0", {"win.ratio": 10**400}) is Outcome.ERROR


def test_times_are_compared_and_not_added():
    types = {"win.from": "timestamp", "win.to": "timestamp", "win.for": "duration"}
    rule = compile_rule("win.from < win.to && win.for == win.for", types)
    now = datetime(2026, 11, 10, tzinfo=UTC)
    hour = timedelta(hours=1)
    values = {"win.from": now, "win.to": now + hour, "win.for": hour}
    assert rule.evaluate(values) is Outcome.MATCH
    naive_time = {**values, "win.from": datetime(2026, 1, 1)}
    assert rule.evaluate(naive_time) is Outcome.ERROR
    with pytest.raises(RuleError, match="needs numbers"):
        compile_rule("win.from + win.for > win.to", types)


def test_a_rule_says_which_variables_it_reads():
    rule = compile_rule("win.accounts > 1 && (win.accounts < 5 || sel.matched)", TYPES)
    assert rule.variables == {"win.accounts", "sel.matched"}
