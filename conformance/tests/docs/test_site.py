"""What the pages refer to is there; a real browser opens them offline, and everybody can use them.

One module, for the site is built once for each process that runs tests of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

# Unchanged, as its package carries it (MPL-2.0); it runs in the tests and is never shipped.
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")

# One page of each kind, and the largest where kinds are many.
KINDS = (
    "index.html",
    "404.html",
    "standard/02-model.html",
    "standard/07-graduated-response.html",
    "standard/16-annex-mathematics.html",
    "schemas/index.html",
    "schemas/perturbation-parameters.html",
    "schemas/registry.html",
    "registries.html",
    "traceability.html",
    "threats.html",
    "catalogue.html",
    "versions.html",
    "guides/audit.html",
    "guides/edit.html",
    "guides/run.html",
    "case-study.html",
    "measurements/decision_engine.html",
    "measurements/operating.html",
    "measurements/perturbation.html",
    "rationale/0001-libraries.html",
)
# The dark colours are the same everywhere: pages with pictures, tables and code say it for all.
DARK = {
    "index.html",
    "standard/07-graduated-response.html",
    "schemas/perturbation-parameters.html",
    "catalogue.html",
    "guides/run.html",
    "measurements/operating.html",
}
SCHEMES = [
    *((page, "light") for page in KINDS),
    *(pytest.param(page, "dark", marks=[] if page in DARK else pytest.mark.long) for page in KINDS),
]
NARROW = ("index.html", "standard/07-graduated-response.html", "registries.html")


class _Visit:
    """A page of its own, and all that it asked for or complained of."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )


@pytest.fixture(name="visit")
def _visit(browser: Browser) -> Iterator[_Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield _Visit(context)
    context.close()


def test_no_page_asks_for_anything_elsewhere_and_every_link_still_leads_somewhere(
    site, visit: _Visit
) -> None:
    links: dict[str, set[str]] = {}
    anchors: dict[str, set[str]] = {}
    for page in site.pages:
        address = f"{site.origin}/{page}"
        visit.page.goto(address)
        anchors[address] = set(
            visit.page.evaluate("[...document.querySelectorAll('[id]')].map(part => part.id)")
        )
        links[address] = set(
            visit.page.evaluate("[...document.querySelectorAll('a[href]')].map(link => link.href)")
        )
    assert visit.requests
    assert [url for url in visit.requests if not url.startswith(f"{site.origin}/")] == []
    assert visit.complaints == []
    broken = []
    for page, found in links.items():
        for link in found:
            address, fragment = urldefrag(link)
            if not address.startswith(f"{site.origin}/"):
                continue
            address += "index.html" if address.endswith("/") else ""
            there = (site.folder / address.removeprefix(f"{site.origin}/")).is_file()
            if not there or (fragment and fragment not in anchors[address]):
                broken.append(f"{page}: {link}")
    assert not broken


@pytest.mark.parametrize("identifier", ["EXP-02", "RSP-09"])
@pytest.mark.parametrize("opened_as", ["http", "file"])
def test_search_finds_a_requirement_by_its_identifier(
    site, visit: _Visit, opened_as: str, identifier: str
) -> None:
    start = f"{site.origin}/" if opened_as == "http" else f"{site.folder.as_uri()}/"
    visit.page.goto(f"{start}threats.html")
    field = visit.page.locator("[data-md-component=search-query]")
    field.click()
    field.press_sequentially(identifier)
    # Without a server there is nothing to fetch the index from: it is a script there. What is found
    # is drawn anew after every key.
    first = visit.page.locator(
        f".md-search-result__item:first-child .md-search-result__link[href$='#{identifier}']"
    ).first
    first.wait_for(timeout=60_000)
    first.click()
    visit.page.wait_for_url(f"{start}standard/*.html*#{identifier}")
    assert visit.page.locator(f":target:has-text('{identifier}')").is_visible()
    assert [url for url in visit.requests if not url.startswith((start, "blob:", "data:"))] == []
    assert visit.complaints == []


def _faults(visit: _Visit) -> list[str]:
    # What is folded is looked at too.
    visit.page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    visit.page.evaluate(AXE)
    found = visit.page.evaluate("axe.run({resultTypes: ['violations']})")
    assert found["passes"], "axe has looked at nothing"
    return [
        f"{fault['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(("page", "scheme"), SCHEMES)
def test_nobody_is_kept_from_a_page(site, browser: Browser, page: str, scheme) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    visit = _Visit(context)
    visit.page.goto(f"{site.origin}/{page}")
    wanted = {"light": "default", "dark": "slate"}[scheme]
    assert visit.page.evaluate("document.body.dataset.mdColorScheme") == wanted
    assert _faults(visit) == []
    context.close()


@pytest.mark.parametrize("page", NARROW)
def test_nobody_is_kept_from_a_page_on_a_small_screen(site, browser: Browser, page: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    visit = _Visit(context)
    visit.page.goto(f"{site.origin}/{page}")
    assert _faults(visit) == []
    # The page itself never scrolls sideways; what is wide scrolls inside it.
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_nobody_is_kept_from_what_search_found(site, visit: _Visit) -> None:
    visit.page.goto(f"{site.origin}/index.html")
    visit.page.locator("[data-md-component=search-query]").click()
    visit.page.keyboard.type("exposure", delay=10)
    visit.page.locator(".md-search-result__link").first.wait_for()
    assert _faults(visit) == []


@pytest.mark.parametrize("page", ["index.html", "standard/07-graduated-response.html"])
def test_no_words_of_a_picture_cover_each_other(site, visit: _Visit, page: str) -> None:
    visit.page.goto(f"{site.origin}/{page}")
    pictures = visit.page.evaluate(
        """[...document.querySelectorAll('.picture svg')].map(picture => ({
            width: picture.viewBox.baseVal.width, height: picture.viewBox.baseVal.height,
            words: [...picture.querySelectorAll('text')].map(text => {
                const {x, y, width, height} = text.getBBox();
                return {said: text.textContent, x, y, width, height};
            })}))"""
    )
    assert pictures
    covered = []
    for picture in pictures:
        for number, one in enumerate(picture["words"]):
            inside = (
                0 <= one["x"] <= picture["width"] - one["width"]
                and 0 <= one["y"] <= picture["height"] - one["height"]
            )
            covered += [] if inside else [f"{one['said']} is cut off"]
            covered += [
                f"{one['said']} covers {other['said']}"
                for other in picture["words"][:number]
                if _overlap(one, other, "x", "width") and _overlap(one, other, "y", "height")
            ]
    assert covered == []


def _overlap(one: dict, other: dict, start: str, size: str) -> bool:
    # Lines of one label stand close; their boxes may touch.
    return min(one[start] + one[size], other[start] + other[size]) - max(
        one[start], other[start]
    ) > (1.5 if size == "height" else 0)


# Attributes whose address a browser fetches by itself.
_FETCHED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("use", "href"),
    ("video", "src"),
}


class _Read(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids[value] += 1
            if (tag, name) in _FETCHED and value:
                self.fetched.append(value)
            elif (tag, name) == ("a", "href") and value is not None:
                self.links.append(value)


@cache
def _read(path: Path) -> _Read:
    return _Read(path.read_text("utf-8"))


def _target(site, page: str, link: str) -> tuple[Path, str] | None:
    """Return file and fragment of a link, None for one that leads elsewhere."""
    address, fragment = urldefrag(urljoin(f"{site.origin}/{page}", link))
    if not address.startswith(f"{site.origin}/"):
        return None
    path = site.folder / unquote(urlsplit(address).path).lstrip("/")
    return (path / "index.html" if path.is_dir() else path), unquote(fragment)


def test_mkdocs_has_nothing_to_warn_of(site) -> None:
    assert "WARNING" not in site.said
    assert "ERROR" not in site.said


def test_every_link_and_every_anchor_resolves(site) -> None:
    broken, links = [], 0
    for page in site.pages:
        document = _read(site.folder / page)
        for link in document.links + document.fetched:
            target = _target(site, page, link)
            if target is None:
                continue
            links += 1
            path, fragment = target
            if not path.is_file():
                broken.append(f"{page}: {link}: no such file")
            elif fragment and path.suffix == ".html" and fragment not in _read(path).ids:
                broken.append(f"{page}: {link}: no such anchor")
    assert not broken
    assert links > 1000, "the pages have lost their links"


def test_no_identifier_stands_twice_on_a_page(site) -> None:
    twice = {
        page: [name for name, count in _read(site.folder / page).ids.items() if count > 1]
        for page in site.pages
    }
    assert not {page: names for page, names in twice.items() if names}


def test_nothing_is_fetched_from_elsewhere(site) -> None:
    elsewhere = [
        f"{page}: {address}"
        for page in site.pages
        for address in _read(site.folder / page).fetched
        if urlsplit(address).scheme not in {"", "data"} or address.startswith("//")
    ]
    for path in site.folder.rglob("*.css"):
        found = re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", path.read_text("utf-8"))
        elsewhere += [f"{path.name}: {a}" for a in found if re.match(r"(https?:)?//", a)]
    assert not elsewhere


@pytest.mark.parametrize("page", ["index.html", "guides/audit.html"])
def test_pictures_stand_where_people_look_for_them(site, page: str) -> None:
    assert {"verdict-title", "verdict-desc", "roles-title"} <= set(_read(site.folder / page).ids)
    assert "<!-- generated" not in (site.folder / page).read_text("utf-8")


def test_the_ladder_stands_in_its_chapter(site) -> None:
    page = _read(site.folder / "standard" / "07-graduated-response.html")
    assert {"ladder-title", "ladder-desc"} <= set(page.ids)
