"""``drs-reference eligibility``: what a policy decides about one account, offline."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drs_reference.eligibility.document import (
    PolicyError,
    complete,
    read_facts,
    read_lists,
    read_policy,
)
from drs_reference.eligibility.policy import Policy
from drs_reference.standard import StandardNotFoundError

__all__ = ["check"]

# What a policy of no endpoint yet may leave out.
_ISSUER, _APPEALS = "http://127.0.0.1", "/drs/v1/appeals"


def check(policy: Path, facts: Path, lists: Mapping[str, Path], as_json: bool) -> int:
    """Say whether an account with these facts is served; the exit status.

    0 it is served, 10 a criterion excludes it, 2 a file cannot be used.
    """
    try:
        written = read_policy(policy)
        document = complete(
            written,
            issuer=written.get("issuer", _ISSUER),
            appeals=written.get("appeals", _APPEALS),
            where=str(policy),
        )
        entries = read_lists(document, lists)
        known = read_facts(facts)
    except (PolicyError, StandardNotFoundError) as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 2
    deciding = Policy.of(document, entries).deciding(known)
    if as_json:
        print(json.dumps({"served": deciding is None, "criterion": deciding and deciding.id}))
    elif deciding is None:
        print(f"served: no criterion of {document['id']} excludes this account")
    else:
        print(f"not served: {deciding.id} of {document['id']} excludes this account")
        (criterion,) = (item for item in document["criteria"] if item["id"] == deciding.id)
        _explain(criterion, document["appeals"])
    return 0 if deciding is None else 10


def _explain(criterion: Mapping[str, Any], appeals: str) -> None:
    print(f"  kind: {criterion['kind']}")
    print(f"  shown by: {' or '.join(criterion['evidence'])}")
    print(f"  law: {'; '.join(criterion['law']) or 'none, the terms of the provider'}")
    print(f"  appeal at: {appeals}")
