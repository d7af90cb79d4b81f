"""The page says what the dossier says, and nothing that stands in it becomes markup."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

Case = dict[str, Any]
HOSTILE = (
    "</bdi></td><script>alert(1)</script><img src=x onerror=alert(1)>"
    "<a href='javascript:alert(1)'>\" onmouseover=alert(1) {{ 7*7 }} &lt;b&gt;"
)


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(desk: Any) -> str:
    out = desk.folder / "dossier.html"
    code, said, _ = desk.say("render", desk.dossier, "--out", out)
    assert (code, said) == (0, f"{out} shows {desk.dossier}.\n")
    html: str = out.read_text("utf-8")
    return html


def test_a_signed_dossier(signed: Any) -> None:
    html = shown(signed)
    page = Page(html)
    assert "Signed by two persons." in page.text
    assert hashlib.sha256(signed.dossier.read_bytes()).hexdigest() in page.text
    assert "At least 100 accounts, or 100000 exchanges, within ninety days" in page.text
    assert "accounts: 240" in page.text
    assert "Two accounts also ran an announced evaluation." in page.text
    assert "Every copy is destroyed by 2100-01-01T00:00:00Z." in page.text
    # Self-contained: nothing is loaded, nothing runs.
    assert not page.attributes & {"src", "href", "action", "style"}
    assert not re.search(r"url\(|@import", html)


def test_a_draft_says_that_it_is_one(desk: Any, case: Case) -> None:
    case["exculpatory"], case["personal_data"] = [], []
    assert desk.draft(case)[0] == 0
    text = Page(shown(desk)).text
    assert "Draft. Not signed yet by the person with this responsibility: technical, legal." in text
    assert "Nothing is known to its authors." in text
    assert desk.sign("legal")[0] == 0
    assert "with this responsibility: technical." in Page(shown(desk)).text


def test_what_people_wrote_stays_text(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    ordinary = Page(shown(desk))
    desk.dossier.parent.rename(desk.folder / "before")
    case["recipient"]["name"] = HOSTILE
    case["criteria"][0]["reason"] = HOSTILE
    case["members"][0]["how"] = HOSTILE
    case["exculpatory"] = [HOSTILE]
    case["legal_basis"] = [HOSTILE]
    case["personal_data"][0]["category"] = HOSTILE
    case["items"][1]["custody"][0]["person"] = HOSTILE[:128]
    case["technical_sign_off"] = {
        "person": HOSTILE[:128],
        "role": HOSTILE,
        "statement": HOSTILE,
    }
    record = desk.folder / "records" / "accounts.jsonl"
    record.write_text(record.read_text().replace('"payment"', '"<script>p</script>"'))
    case["items"][0]["fields"][1]["field"] = "<script>p</script>"
    code, out, _ = desk.draft(case)
    assert code == 0, out
    hostile = Page(shown(desk))
    assert hostile.tags == ordinary.tags
    assert hostile.attributes == ordinary.attributes
    assert hostile.text.count(HOSTILE) == 8
    assert "<script>p</script>" in hostile.text


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200b", "\x07", "\u00a0"])
def test_hidden_characters_are_seen(char: str, desk: Any, case: Case) -> None:
    case["exculpatory"] = [f"innocent{char}guilty"]
    assert desk.draft(case)[0] == 0
    html = shown(desk)
    assert char not in html
    assert f"innocent[U+{ord(char):04X}]guilty" in Page(html).text


def test_what_is_refused_is_not_shown(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    document = desk.read()
    document["id"] = "<script>"
    desk.write(document)
    out = desk.folder / "dossier.html"
    code, said, _ = desk.say("render", desk.dossier, "--out", out)
    assert (code, "id must fulfil pattern" in said) == (1, True)
    assert desk.say("render", desk.folder / "missing", "--out", out)[0] == 2
    assert not out.exists()
