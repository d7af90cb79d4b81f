"""The page says what the result says: the answer first, each cause once, and its own limits."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest
from drs_conformance.reports.exchange_view import ExchangeView
from drs_conformance.reports.html_findings import credentials, steps
from drs_conformance.reports.html_report import render_html
from drs_conformance.reports.picture_verdicts import BAR_WIDTH, MARKS, segments
from drs_conformance.reports.root_causes import findings
from drs_conformance.results.events import RunFinished
from drs_conformance.results.result import build_result
from drs_conformance.verdicts import SEVERITY
from sample_events import a_run, checked, finished, listed, started

WAIVER = {"requirement": "DCL-01", "reason": "A CDN comes later", "expires": "2027-01-01"}
VOID = {"meta", "br"}


class Page(html.parser.HTMLParser):
    """A page as elements, and as the text that a reader sees in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "defs" not in self.open:
            self.words.append(data)


def page_of(result: dict[str, Any], exchanges: dict[str, ExchangeView] | None = None) -> Page:
    return Page(render_html(result, exchanges or {}))


def of_every_kind() -> dict[str, Any]:
    """Return a result with every verdict and every status."""
    return build_result(
        [
            started(waivers=(WAIVER,)),
            *(listed(f"DCL-{n:02}") for n in range(1, 9)),
            listed("EXP-01", chapter="Exposure", status="pending", reason="pending C"),
            listed("EXP-02", status="not-run", reason="above level L1"),
            listed("EXP-03", status="inspect", verify="inspect", evidence="The archive"),
            listed("EXP-04", status="attest", verify="attest", attested_by="The key officer"),
            *checked("DCL-01", "fail", summary="first fault"),
            *checked("DCL-02", "fail", summary="second fault", cause="the deep reason"),
            *checked("DCL-03", "untestable", summary="kept out", blocked_by="DCL-02"),
            *checked("DCL-04", "harness-error", summary="our own fault"),
            *checked("DCL-05", "inconclusive", summary="too little seen"),
            *checked("DCL-06", "pass"),
            *checked("DCL-07", "not-applicable"),
            *checked("DCL-08", "untestable", summary="never got there"),
            finished(),
        ]
    )


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        (a_run(["pass", "pass"]), "Conforms: 2 of 2 tested requirements hold."),
        (a_run(["pass", "fail"]), "Does not conform: 1 of 2 tested requirements fails."),
        (a_run(["pass", "inconclusive"]), "Not decided: "),
        (a_run(["pass", "fail", "untestable"]), "Does not conform: 1 of 3"),
        (a_run(["pass"], profile="smoke"), "Passes as far as it was tested: 1 of 1"),
        (a_run(["fail", "pass"], waivers=(WAIVER,)), "Does not conform without its waivers: 1 of"),
        (a_run(["fail", "fail"], waivers=(WAIVER,)), "fails; 1 more fails and is waived."),
    ],
)
def test_the_answer_comes_first(events: Any, answer: str) -> None:
    text = page_of(build_result(events)).text
    assert answer in text[: text.index("At a glance")]
    assert ("Conforms: " in text) == answer.startswith("Conforms")


def test_undecided_beside_a_waived_failure_does_not_say_that_nothing_fails() -> None:
    text = page_of(build_result(a_run(["fail", "inconclusive"], waivers=(WAIVER,)))).text
    first = text[: text.index("At a glance")]
    assert "Not decided: " in first
    assert "nothing fails" not in first
    assert "1 fails and is waived" in first


def test_only_some_requirements_do_not_conform() -> None:
    chosen = {"level": "L1", "classes": ["provider"], "only": ["DCL-01"]}
    text = page_of(build_result(a_run(["pass"], selection=chosen))).text
    assert "Passes as far as it was tested: " in text
    assert "only DCL-01 and what these depend on" in text


def test_the_first_screen_states_target_limits_and_dates() -> None:
    result = of_every_kind()
    text = page_of(result).text
    first = text[: text.index("At a glance")]
    for part in (
        "https://lab.example",
        result["spec"]["digest"],
        "Level L1; class provider; profile certify",
        "2026-11-23 10:00:00 UTC",
        "after 2026-12-23 10:00:00 UTC",
        "4 of 10 requests",
        "Nothing else is excluded.",
        "1 pending (test not built yet), 1 for inspection, 1 for attestation, 1 not selected",
        "The run supports no claim of conformance: 2 fail; 1 harness-error",
    ):
        assert part in first
    assert "What this report does not show" in text


def test_a_blocked_requirement_stands_below_its_root_only() -> None:
    result = of_every_kind()
    text = page_of(result).text
    found = text[text.index("Failures (2, of which 1 waived)") : text.index("What a pass excludes")]
    assert "Because of this, 1 further requirement could not be tested: U DCL-03" in found
    assert found.count("Title of DCL-03") == 1
    order = [found.index(word) for word in ("second fault", "our own", "never got", "too li")]
    assert order == sorted(order)
    assert "Root cause. the deep reason" in found


def test_a_chain_of_blocks_ends_at_its_root_and_nobody_vanishes() -> None:
    def run(**blocks: str) -> dict[str, Any]:
        names = [name.replace("_", "-") for name in blocks]
        return build_result(
            [
                started(),
                listed("DCL-09"),
                *map(listed, names),
                *checked("DCL-09", "fail"),
                *(e for n, by in zip(names, blocks.values(), strict=True)
                  for e in checked(n, "untestable", blocked_by=by)),
                finished(),
            ]
        )  # fmt: skip

    chain = findings(run(DCL_01="DCL-09", DCL_02="DCL-01"), "fail", "untestable")
    assert [(f.root, [e["id"] for e in f.blocked]) for f in chain] == [
        ("DCL-09", ["DCL-01", "DCL-02"])
    ]
    # The root was not tested itself, or the blocks run in a circle.
    for blocks in ({"DCL_01": "EXP-09"}, {"DCL_01": "DCL-02", "DCL_02": "DCL-01"}):
        found = findings(run(**blocks), "fail", "untestable")
        below = {e["id"] for f in found for e in f.blocked}
        assert below == {name.replace("_", "-") for name in blocks}
        page_of(run(**blocks))


def test_a_waived_failure_is_a_failure_with_its_reason_and_date() -> None:
    text = page_of(build_result(a_run(["fail", "pass"], waivers=(WAIVER,)))).text
    assert "fail (waived) DCL-01" in text
    assert "Waived until the end of 2027-01-01" in text
    assert "Reason given: A CDN comes later" in text
    assert "Failures (1, of which 1 waived)" in text


def test_a_run_that_was_cut_off_says_so() -> None:
    events = [e for e in a_run(["pass", "pass"]) if not isinstance(e, RunFinished)][:-2]
    text = page_of(build_result(events)).text
    assert "The run ended early: it was cut off, and its record has no end." in text
    assert "Not known, for the run was cut off" in text
    assert "0 of 10 requests" not in text
    assert "the run ended before this was tested" in text
    assert "The journal has no end." in text


@pytest.mark.parametrize("stop", ["budget", "interrupted", "target-gone", "authorisation-lapsed"])
def test_a_run_that_was_stopped_says_why(stop: Any) -> None:
    result = build_result([*a_run(["pass"])[:-1], finished(stopped=stop)])
    assert "The run ended early: " in page_of(result).text


def test_nothing_tested_makes_a_page_too() -> None:
    text = page_of(build_result([started(), finished()])).text
    assert "Not decided: " in text
    assert "Nothing was tested." in text


def test_what_was_not_tested_is_listed_with_whom_or_what_it_waits_for() -> None:
    text = page_of(of_every_kind()).text
    after = text[text.index("Not tested None of these") :]
    for words in ("The archive", "The key officer", "pending C", "above level L1"):
        assert words in after


def test_a_reader_of_any_kind_finds_the_way() -> None:
    page = page_of(of_every_kind())
    assert page.open == []
    tags = [tag for tag, _ in page.elements]
    for landmark in ("header", "main", "footer", "h1"):
        assert tags.count(landmark) == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(a.get("scope") in ("col", "row") for tag, a in page.elements if tag == "th")
    names = [a["id"] for _, a in page.elements if "id" in a]
    assert len(names) == len(set(names))
    for tag, attributes in page.elements:
        for reference in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(reference) or "").split()) <= set(names)
        target = attributes.get("href")
        assert target is None or target[1:] in names, f"{tag} leads to {target}"
        if tag == "pre":
            assert attributes["tabindex"] == "0"
    assert [a for tag, a in page.elements if tag == "svg" and a.get("role") == "img"]
    assert {"title", "desc"} <= set(tags)


def test_the_style_is_the_one_that_the_policy_allows() -> None:
    page = render_html(of_every_kind(), {})
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; " in page
    assert "<script" not in page
    assert "//" not in re.sub("/[*].*?[*]/", "", style[1])
    assert "@import" not in style[1]


def colours(style: str, dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[1 if dark else 0]))


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(dark: bool) -> None:
    source = resources.files("drs_conformance.reports").joinpath("html_report.css")
    found = colours(source.read_text("utf-8"), dark)
    assert {"ink", "soft", *SEVERITY} <= set(found)
    for ground in ("paper", "sheet"):
        for text in ("ink", "soft", *SEVERITY):
            pair = sorted((luminance(found[text]), luminance(found[ground])))
            ratio = (pair[1] + 0.05) / (pair[0] + 0.05)
            assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"


def test_verdicts_differ_without_colour() -> None:
    assert set(MARKS) == set(SEVERITY)
    assert len({mark.letter for mark in MARKS.values()}) == len(SEVERITY)
    assert len({mark.outline for mark in MARKS.values()}) == len(SEVERITY)


def test_the_bar_is_filled_and_shows_the_smallest_part() -> None:
    counts = {**dict.fromkeys(SEVERITY, 0), "fail": 1, "pass": 10_000}
    parts = segments(counts)
    assert [part.verdict for part in parts] == ["fail", "pass"]
    assert all(part.width >= 6 for part in parts)
    assert parts[-1].x + parts[-1].width == pytest.approx(BAR_WIDTH, abs=0.2)
    assert segments(dict.fromkeys(SEVERITY, 0)) == []


def test_commands_keep_their_order_and_name_their_credentials() -> None:
    auth = 'curl --header "Authorization: Bearer ${DRS_B}" http://a/'
    again = [auth, auth, "curl x", auth]
    assert [(s.command, s.times) for s in steps(again)] == [(auth, 2), ("curl x", 1), (auth, 1)]
    # Within single quotes it is the target's text and not a credential.
    assert credentials([auth, "curl 'x: Bearer ${HOME}'"]) == ["DRS_B"]


def test_evidence_that_is_missing_is_said_to_be_missing() -> None:
    text = page_of(build_result(a_run(["fail"]))).text
    assert "The exchange x-000001 is not in the journal" in text


def test_evidence_shows_request_and_response() -> None:
    view = ExchangeView(
        "x-000001", "DCL-01", "POST", "https://lab.example/v1", "control", (("A", "b"),),
        '{"asked":1}', 404, (("C", "d"),), "y" * 5000, 0.1234, "2026-11-23T10:00:00Z", None, "curl",
    )  # fmt: skip
    text = page_of(build_result(a_run(["fail"])), {"x-000001": view}).text
    for part in ("as control : status 404", "A : b", '"asked": 1', "C : d", "within 123 ms"):
        assert part in text
    assert "the first 4,000 of 5,000 characters are shown" in text
