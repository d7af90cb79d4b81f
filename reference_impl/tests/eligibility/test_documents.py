"""Policies, lists and facts as their operators write them, and `eligibility check`."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from drs_reference.cli import main
from drs_reference.eligibility.document import PolicyError, complete, default_policy, read_lists
from drs_reference.gateway.surfaces import SURFACES

EXAMPLES = Path(__file__).resolve().parents[3] / "schemas/0.1/examples/valid/eligibility-policy"
ISSUER, APPEALS = "https://api.example.org", "/drs/v1/appeals"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def several() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / "several.json").read_text("utf-8"))
    return document


def whole(document: dict[str, Any]) -> dict[str, Any]:
    return complete(document, issuer=ISSUER, appeals=APPEALS, surfaces=["chat", "messages"])


def test_what_follows_from_the_endpoint_may_be_left_out(conforms: Any) -> None:
    written = several()
    for name in ("drs_version", "issuer", "refusal", "appeals", "proof"):
        del written[name]
    found = whole(written)
    conforms("eligibility-policy", found)
    assert {**found, "proof": None} == {**several(), "proof": None}


def test_the_default_policy_has_a_criterion_of_each_kind(conforms: Any) -> None:
    ids = [surface.id for surface in SURFACES]
    found = complete(default_policy(NOW, ids), issuer=ISSUER, appeals=APPEALS, surfaces=ids)
    conforms("eligibility-policy", found)
    kinds = {criterion["kind"] for criterion in found["criteria"]}
    assert kinds == {"majority-ownership", "jurisdiction", "end-use", "listed-party"}


@pytest.mark.parametrize(
    ("steps", "value", "said"),
    [
        (["criteria", 0, "share_min"], 1.5, "/criteria/0/share_min must fulfil maximum: 1; got"),
        (["criteria", 0, "share_min"], 0, "/criteria/0/share_min must fulfil exclusiveMinimum"),
        (["criteria", 1, "places", 0], "xa", "/criteria/1/places/0 must fulfil pattern"),
        (["criteria", 1, "kind"], "nationality", "/criteria/1 must have a kind of majority-owner"),
        (["criteria", 1, "places"], None, "/criteria/1 must have places too"),
        (["criteria", 3, "test_parties"], [], "/criteria/3/test_parties must fulfil minItems"),
        (["criteria", 3, "id"], "use-1", "each criterion has an id of its own; use-1 stands"),
        (["valid_from"], None, "it must have valid_from too"),
        (["valid_until"], "2026-09-01T00:00:00Z", "valid_until must be later than valid_from"),
        (["surfaces"], ["chat", "fax"], "surfaces must be of chat, messages; got fax"),
        (["issuer"], "https://other.example", f"issuer must be {ISSUER} at this endpoint"),
        (["appeals"], "/complain", f"appeals must be {APPEALS} at this endpoint"),
    ],
)
def test_a_wrong_policy_is_told_where_it_is_wrong(steps: list[Any], value: Any, said: str) -> None:
    document = copy.deepcopy(several())
    place: Any = document
    for step in steps[:-1]:
        place = place[step]
    if value is None:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    with pytest.raises(PolicyError) as raised:
        whole(document)
    assert str(raised.value).startswith(f"the policy: {said}")


def test_each_list_needs_its_copy(tmp_path: Path) -> None:
    copied = tmp_path / "list.txt"
    copied.write_bytes("\ufeffFirst party\r\n\r\n  Zw\u00f6lf \n".encode())
    assert read_lists(several(), {"list-1": copied}) == {"list-1": ("First party", "  Zw\u00f6lf ")}
    with pytest.raises(PolicyError, match=r"list-1 needs a copy.*--list list-1=FILE"):
        read_lists(several(), {})
    with pytest.raises(PolicyError, match="no listed-party criterion use-1"):
        read_lists(several(), {"list-1": copied, "use-1": copied})
    copied.write_bytes(b"\xff")
    with pytest.raises(PolicyError, match="cannot be read"):
        read_lists(several(), {"list-1": copied})


@pytest.fixture(name="check")
def _check(tmp_path: Path, capsys: Any) -> Any:
    copied = tmp_path / "parties.txt"
    copied.write_text("Second Example Party\n", "utf-8")

    def run(facts: str, *options: str, policy: Path = EXAMPLES / "several.json") -> Any:
        path = tmp_path / "facts.yaml"
        path.write_text(facts, "utf-8")
        given = options or ("--list", f"list-1={copied}")
        code = main(["eligibility", "check", str(policy), str(path), *given])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return run


def test_the_first_line_is_the_answer(check: Any) -> None:
    code, lines, _ = check("names: [Elm Street Bakery]")
    assert (code, lines) == (0, ["served: no criterion of eligibility-1 excludes this account"])
    code, lines, _ = check("names: [second example party]")
    assert code == 10
    assert lines[0] == "not served: list-1 of eligibility-1 excludes this account"
    assert "  appeal at: /drs/v1/appeals" in lines
    assert "  law: Example Act, section 3" in lines


def test_the_answer_as_a_document(check: Any, tmp_path: Path) -> None:
    parties = ("--list", f"list-1={tmp_path / 'parties.txt'}", "--json")
    code, lines, _ = check("seats: [{of: customer, place: XB-1}]", *parties)
    assert (code, json.loads(lines[0])) == (10, {"served": False, "criterion": "seat-1"})
    code, lines, _ = check("{}", *parties)
    assert (code, json.loads(lines[0])) == (0, {"served": True, "criterion": None})


def test_what_cannot_be_used_is_one_line(check: Any, tmp_path: Path) -> None:
    for facts, options, said in (
        ("seats: [{of: customer, place: Exampleland}]", (), "seats.0.place must fulfil pattern"),
        ("nationality: [XA]", (), "has a member that the schema does not know"),
        ("names: [a", (), "cannot be read as JSON or YAML"),
        ("{}", ("--json",), "list-1 needs a copy of its list"),
    ):
        code, lines, error = check(facts, *options)
        assert (code, lines) == (2, [])
        assert said in error
        assert error.count("\n") == 1 or "cannot be read" in error
    code, _, error = check("{}", policy=tmp_path / "none.json")
    assert code == 2
    assert "none.json cannot be read" in error
