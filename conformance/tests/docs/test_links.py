"""What the built pages refer to is there, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

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


class _Page(HTMLParser):
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
def _read(path: Path) -> _Page:
    return _Page(path.read_text("utf-8"))


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
