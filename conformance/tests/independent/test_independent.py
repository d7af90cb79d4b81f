"""Servers that this project did not write: each verdict was read and judged, and is held here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from drs_conformance.reports.markdown import render_markdown
from endpoints import Endpoint, Run, probe

from independent.declared import declared
from independent.servers import independent

SERVERS = ("llama.cpp", "fakellm", "aimock")
NO_TEST_MODE = "the provider declares no test mode, so no persona can be brought into a state"
NO_POLICY = "the declaration names no eligibility policy: everybody is served"
NAMES_NONE = "the declaration names no test mode"
# What a lab comes to that has a declaration and nothing else, whoever wrote its server.
COMMON = {
    **dict.fromkeys(("DCL-01", "DCL-02", "DCL-03", "DCL-04", "DCL-06"), ("pass", "holds")),
    **dict.fromkeys(("DCL-07", "DCL-08", "EXP-01", "EXP-06", "EXP-07"), ("pass", "holds")),
    "EXP-10": ("not-applicable", "no {dialect} surface is declared to withhold reasoning"),
    **dict.fromkeys(("STD-01", "STD-02"), ("untestable", "blocked by RSP-01")),
    **dict.fromkeys(("STD-04", "STD-06", "STD-07"), ("untestable", NO_TEST_MODE)),
    "STD-05": ("not-applicable", "the surface declares neither structured output nor tools"),
    **dict.fromkeys(("STD-08", "STD-09"), ("untestable", "blocked by DET-09")),
    "STD-11": ("fail", "the declaration names no likelihood hook"),
    **dict.fromkeys(("DET-02", "DET-10"), ("untestable", NO_TEST_MODE)),
    **dict.fromkeys(("DET-03", "DET-05"), ("untestable", "blocked by DET-09")),
    "DET-09": ("fail", "the declaration names no score hook"),
    "RSP-01": ("fail", "the account view of control answered 404"),
    "RSP-02": ("fail", "a 200 has no RateLimit-Policy field"),
    **dict.fromkeys(("RSP-03", "RSP-04", "RSP-10"), ("untestable", "blocked by RSP-02")),
    **dict.fromkeys(("RSP-05", "RSP-06", "RSP-11"), ("untestable", "blocked by RSP-01")),
    **dict.fromkeys(
        ("RSP-07", "RSP-09", "PRT-04", "PRT-05", "PRT-06"), ("untestable", NO_TEST_MODE)
    ),
    "RSP-08": ("untestable", "blocked by RSP-07"),
    "PRT-01": ("not-applicable", "the declaration names no mechanism"),
    **dict.fromkeys(
        ("PRT-03", "REC-03"), ("not-applicable", "the declaration names no covert mechanism")
    ),
    **dict.fromkeys(("REC-01", "REC-02", "REC-04"), ("untestable", "blocked by RSP-01")),
    **dict.fromkeys(("REC-05", "REC-06", "REC-07"), ("untestable", "blocked by RSP-01")),
    **dict.fromkeys(("CNF-01", "CNF-02", "CNF-03"), ("not-applicable", NAMES_NONE)),
    **dict.fromkeys(("CNF-04", "CNF-06"), ("not-applicable", NAMES_NONE)),
    "CNF-05": ("untestable", "blocked by RSP-01"),
    **dict.fromkeys(("ELG-03", "ELG-05"), ("not-applicable", NO_POLICY)),
}
# What is of the server and the dialect. On each path but the declared one it answers as well.
CHAT_TOO = ("fail", "the surface /v1/chat/completions answers and is not declared")
# These two return no log-probabilities and ignore `n`.
MOCK = {
    **dict.fromkeys(("EXP-02", "EXP-08"), ("untestable", "no answer reported a log-probability")),
    **dict.fromkeys(("EXP-03", "EXP-04"), ("untestable", "the answer reports no log-probability")),
    "EXP-05": ("fail", "n 19 where 4 is declared: expected 400, got 200"),
}
MESSAGES = {
    "DCL-05": CHAT_TOO,
    "EXP-03": ("pass", "holds"),
    **dict.fromkeys(
        ("EXP-02", "EXP-04", "EXP-08"),
        ("not-applicable", "the dialect anthropic_messages has no log-probabilities"),
    ),
    "EXP-05": ("not-applicable", "the dialect anthropic_messages has neither log-probabilities"),
}
# They answer every prompt alike, and here nothing else could tell how a token is drawn.
ALIKE = {"STD-07": ("untestable", "no prompt was found whose first token is uncertain")}
REFUSED = ("untestable", "a well-formed request was answered 400, expected 200")
OWN = {
    # It prints sixteen digits, and refuses as it likes. A token that only a bias brought up is
    # returned with its log-probability: that is how a vocabulary is read out.
    ("llama.cpp", "openai_chat"): {
        "DCL-05": ("fail", "the surface /v1/completions answers and is not declared"),
        "EXP-02": ("fail", "-2.013227939605713 has more than 6 decimal digits (plain)"),
        "EXP-03": ("fail", "a token bias brings the log-probability of another token into view"),
        "EXP-04": ("pass", "holds"),
        "EXP-05": ("fail", "POST /v1/chat/completions: not a document problem: "),
        "EXP-08": ("pass", "holds"),
    },
    # Here it takes no `top_logprobs` at all.
    ("llama.cpp", "openai_responses"): {
        "DCL-05": CHAT_TOO,
        **dict.fromkeys(
            ("EXP-01", "EXP-02", "EXP-04", "EXP-07", "EXP-08", "STD-07", "RSP-02"), REFUSED
        ),
        "EXP-03": ("untestable", "a request for 20 alternatives, as declared, was answered 400"),
        "EXP-05": ("fail", "POST /v1/responses: not a document problem: "),
    },
    ("llama.cpp", "anthropic_messages"): MESSAGES,
    ("fakellm", "openai_chat"): {
        **MOCK,
        "DCL-05": ("fail", "the surface /v1/messages answers and is not declared"),
    },
    ("fakellm", "anthropic_messages"): MESSAGES | ALIKE,
    ("aimock", "openai_chat"): {
        **MOCK,
        "DCL-05": ("fail", "the surface /v1/responses answers and is not declared"),
    },
    ("aimock", "openai_responses"): {
        **MOCK,
        "DCL-05": CHAT_TOO,
        "EXP-05": ("fail", "top_logprobs 22 where 20 is declared: expected 400, got 200"),
    },
    ("aimock", "anthropic_messages"): MESSAGES | ALIKE,
    ("aimock", "gemini_generate"): {**MOCK, "DCL-05": CHAT_TOO},
}


@pytest.fixture(scope="module", name="server")
def _server(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("independent") / request.param
    with independent(request.param, folder) as endpoint:
        yield endpoint


def found(run: Run) -> dict[str, tuple[str, str]]:
    return {
        entry["id"]: (entry["outcome"]["verdict"], entry["outcome"]["summary"])
        for entry in run.result["requirements"]
        if entry["outcome"] is not None
    }


def beginning(page: str) -> str:
    """Return what a report says of where to begin, as running text without markup."""
    text = re.sub(r"<[^>]*>|[\\`*]", "", page)
    return " ".join(text[text.index("Where to begin") :].split())


def reports(run: Run) -> dict[str, str]:
    """Return the beginning of the page, of the Markdown and of what the terminal showed."""
    return {
        "html": beginning((run.folder / "report.html").read_text("utf-8")),
        "markdown": beginning(render_markdown(run.result)),
        "terminal": beginning(run.stdout),
    }


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_a_lab_that_implements_nothing_is_told_of_one_cause(
    server: Endpoint, tmp_path: Path
) -> None:
    run = probe(server, tmp_path / "results")
    assert run.code == 1, run.stdout
    verdicts = found(run)
    missing = "GET /.well-known/distillation-resistance: expected status 200, got 404"
    assert verdicts.pop("DCL-01") == ("fail", missing)
    assert set(verdicts.values()) == {("untestable", "blocked by DCL-01")}
    for form, text in reports(run).items():
        first = text[: text.index("Holds already") + 60]
        assert text.startswith("Where to begin 1. " if form != "html" else "Where to begin "), form
        assert f"fail: {missing}; {len(verdicts)} more that rest on it could not be tested" in first
        assert "Serve a signed declaration" in first
        assert "schemas/0.1/examples/valid/declaration/" in first
        assert "othing could be shown to hold" in first
        assert " 2. " not in first


@pytest.mark.parametrize(
    ("server", "dialect"),
    [
        pytest.param(*pair, marks=[] if pair == ("llama.cpp", "openai_chat") else pytest.mark.long)
        for pair in OWN
    ],
    indirect=["server"],
)
def test_a_lab_that_declares_is_told_what_it_exposes(
    server: Endpoint, dialect: str, tmp_path: Path
) -> None:
    with declared(server, tmp_path / "front", dialect) as front:
        run = probe(front, tmp_path / "results")
    assert run.code == 1, run.stdout
    expected = COMMON | OWN[server.folder.name, dialect]
    got = found(run)
    assert {name: verdict for name, (verdict, _) in got.items()} == {
        name: verdict for name, (verdict, _) in expected.items()
    }
    for name, (_, reason) in expected.items():
        assert got[name][1].startswith(reason.format(dialect=dialect)), name
    for text in reports(run).values():
        order = ["RSP-01 Account view", NO_TEST_MODE[4:], "DET-09", "Holds already"]
        places = [text.index(part) for part in order]
        assert places == sorted(places)
