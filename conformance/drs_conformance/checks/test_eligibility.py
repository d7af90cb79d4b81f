"""Checks of the chapter Eligibility (ELG)."""

from __future__ import annotations

from drs_conformance.checks.eligibility import both_sides
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import NotApplicable, expect, requirement
from drs_conformance.checks.test_graduated_response import expect_type


@requirement("ELG-03")
def test_the_policy_is_applied_as_declared_and_no_further(lab: Lab) -> None:
    """Refused is who a criterion excludes, just beyond its edge too, and nobody else.

    What no criterion mentions is stated too, and many things at once. Who was refused is reset and
    served again.
    """
    accounts = both_sides(lab).accounts
    for one in accounts:
        if one.excluding:
            expect(
                one.is_refused,
                f"an account that {', '.join(sorted(one.excluding))} excludes is served",
                one.stated,
                one.answer,
                cause=one.told(),
            )
        else:
            expect(
                not one.is_refused,
                f"an account that no criterion excludes was answered {one.answer.status}",
                one.stated,
                one.answer,
                cause=f"{one.told()} was answered {one.answer.text()[:200]}",
            )
        if one.reset is not None and one.again is not None:
            expect(
                one.again.status == 200,
                f"a persona of which nothing is stated after a reset was answered "
                f"{one.again.status}",
                one.reset,
                one.again,
            )
    lab.tried(accounts)


@requirement("ELG-05")
def test_a_refusal_names_the_criterion_and_where_to_appeal(lab: Lab) -> None:
    """403 and a problem `not-eligible` with a criterion that does exclude, and the appeal."""
    sides = both_sides(lab)
    refused = [one for one in sides.accounts if one.excluding]
    if not refused:
        raise NotApplicable("no criterion of the eligibility policy excludes anybody here")
    for one in refused:
        answer = one.answer
        expect(answer.status == 403, f"expected status 403, got {answer.status}", answer)
        problem = expect_type(lab, answer, "not-eligible")
        named = problem.get("criterion")
        expect(
            named in one.excluding,
            f"the problem names the criterion {named}, excluded by "
            f"{', '.join(sorted(one.excluding))}",
            one.stated,
            answer,
            cause=one.told(),
        )
        appeals = sides.policy.document["appeals"]
        expect(
            problem.get("appeal") == appeals,
            f"the problem says to appeal at {problem.get('appeal')}, the policy at {appeals}",
            answer,
        )
    lab.tried(refused)
