"""Two pictures of what goes where: how a verdict comes about, and who tells whom what."""

from __future__ import annotations

from pages.svg import Box, arrow, figure, label

__all__ = ["roles_picture", "verdict_picture"]


def verdict_picture() -> str:
    """Return the way from a requirement to the reports, and to the auditor."""
    width, height, rows, columns = 176, 56, (12, 104, 196, 288, 380), (10, 282, 554)

    def box(column: int, row: int, title: str, *lines: str) -> Box:
        return Box(columns[column], rows[row], width, height, title, lines)

    requirement = box(0, 0, "Requirement", "chapters, fences")
    check = box(0, 1, "Check", "asks and measures")
    ledger = box(1, 1, "Ledger", "authorises, budgets")
    endpoint = box(2, 1, "Endpoint", "of the provider")
    decision = box(0, 2, "Decision", "one of six verdicts")
    journal = box(1, 2, "Journal", "a chain of digests")
    events = box(0, 3, "Events", "what the suite did")
    reports = box(0, 4, "Reports", "result, HTML, JUnit, OSCAL")
    auditor = box(2, 4, "Auditor", "believes the files only")
    boxes = (requirement, check, ledger, endpoint, decision, journal, events, reports, auditor)
    elbow = auditor.on("top", 0.3)[0]
    parts = [
        arrow([requirement.on("bottom"), check.on("top")]),
        label((columns[0] + 96, 90), "says what to show"),
        *_both(check, ledger, "request", "answer"),
        *_both(ledger, endpoint, "HTTP", "response"),
        arrow([check.on("bottom"), decision.on("top")]),
        label((columns[0] + 96, 182), "observations"),
        arrow([ledger.on("bottom"), journal.on("top")]),
        label((columns[1] + 96, 182), "redacted, in order"),
        arrow([decision.on("bottom"), events.on("top")]),
        label((columns[0] + 96, 274), "verdict with its limits"),
        arrow([events.on("bottom"), reports.on("top")]),
        label((columns[0] + 96, 366), "no request is sent"),
        arrow(
            [
                journal.on("right"),
                (auditor.on("top", 0.75)[0], journal.on("right")[1]),
                auditor.on("top", 0.75),
            ]
        ),
        label((columns[1] + width + 10, 218), "drs replay: judge again"),
        arrow([events.on("right"), (elbow, events.on("right")[1]), auditor.on("top", 0.3)]),
        label((columns[0] + width + 10, 310), "drs verify: every file against the journal"),
        arrow([reports.on("right"), auditor.on("left")]),
        label((columns[0] + width + 10, 402), "results folder"),
        *(box.svg() for box in boxes),
    ]
    return figure(
        "verdict",
        "How a verdict comes about",
        "A requirement says what a check has to show. The check asks the ledger for exchanges; the "
        "ledger sends them to the provider's endpoint, within authorisation and budget, enters "
        "each in the journal and hands back the answers. The check's observations lead to a "
        "decision, one of six verdicts. Decisions become events, and events become the result and "
        "the reports. An auditor replays the journal and verifies every file, without a request.",
        (740, 448),
        parts,
    )


def roles_picture() -> str:
    """Return who tells whom what: provider, suite, auditor, hub, participants, accounts."""
    width, height, rows, columns = 176, 56, (20, 210), (10, 282, 554)

    def box(column: int, row: int, title: str, *lines: str) -> Box:
        return Box(columns[column], rows[row], width, height, title, lines)

    suite = box(0, 0, "Suite", "drs")
    provider = box(1, 0, "Provider", "declares, defends")
    hub = box(2, 0, "Hub", "TAXII 2.1, append-only")
    auditor = box(0, 1, "Auditor", "reads what tests can't show")
    holders = box(1, 1, "Account holders")
    participants = box(2, 1, "Participants", "other providers")
    between = (columns[0] + width + columns[1]) / 2
    edge = provider.on("bottom", 0.1)[0]
    parts = [
        *_both(suite, provider, "probes", "answers"),
        *_both(provider, hub, "signed objects", "objects, proofs"),
        arrow([suite.on("bottom", 0.3), auditor.on("top", 0.3)]),
        label((suite.on("bottom", 0.3)[0] + 8, 140), "journal, result,"),
        label((suite.on("bottom", 0.3)[0] + 8, 155), "reports"),
        arrow(
            [
                (edge, rows[0] + height),
                (edge, 108),
                (between, 108),
                (between, auditor.on("right")[1]),
                auditor.on("right"),
            ]
        ),
        label((between - 6, 176), "records,", "end"),
        label((between - 6, 191), "attestations", "end"),
        arrow([provider.on("bottom", 0.3), holders.on("top", 0.3)]),
        label((provider.on("bottom", 0.3)[0] - 6, 140), "notices,", "end"),
        label((provider.on("bottom", 0.3)[0] - 6, 155), "standing", "end"),
        arrow([holders.on("top", 0.7), provider.on("bottom", 0.7)]),
        label((provider.on("bottom", 0.7)[0] + 8, 147), "appeals"),
        arrow([participants.on("top", 0.3), hub.on("bottom", 0.3)]),
        label((hub.on("bottom", 0.3)[0] - 6, 140), "signed", "end"),
        label((hub.on("bottom", 0.3)[0] - 6, 155), "objects", "end"),
        arrow([hub.on("bottom", 0.7), participants.on("top", 0.7)]),
        label((hub.on("bottom", 0.7)[0] + 8, 140), "objects,"),
        label((hub.on("bottom", 0.7)[0] + 8, 155), "proofs"),
        *(box.svg() for box in (suite, provider, hub, auditor, holders, participants)),
    ]
    return figure(
        "roles",
        "Who tells whom what",
        "The suite probes the provider's endpoint and gets answers. It hands journal, result and "
        "reports to the auditor, to whom the provider shows records and attestations. The provider "
        "tells account holders their standing and sends notices; they appeal. Provider and other "
        "participants publish signed signatures and sightings through the hub, and check "
        "what they get against proofs of its log.",
        (740, 286),
        parts,
    )


def _both(left: Box, right: Box, there: str, back: str) -> list[str]:
    """Return two arrows between neighbours, each with its label."""
    middle = (left.on("right")[0] + right.on("left")[0]) / 2
    upper, lower = left.on("right", 0.3), left.on("right", 0.7)
    return [
        arrow([upper, (right.x, upper[1])]),
        label((middle, upper[1] - 6), there, "middle"),
        arrow([(right.x, lower[1]), lower]),
        label((middle, lower[1] + 15), back, "middle"),
    ]
