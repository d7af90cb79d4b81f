"""The pages say of each version whether it is a draft, frozen or old."""

import datetime
import json
import shutil

import pytest
from drs_conformance.specification.location import standard_root
from drs_conformance.specification.versioning.lock import LOCK_NAME, freeze
from drs_conformance.specification.versioning.opening import open_version

DRAFT = '!!! warning "Draft"'


def standard_pages(root):
    from generate import standard_pages as generated

    return dict(generated(root))


@pytest.fixture(name="root")
def _root(tmp_path):
    for part in ("spec", "schemas"):
        shutil.copytree(standard_root() / part, tmp_path / part)
    return tmp_path


@pytest.fixture(name="frozen")
def _frozen(root):
    """Return a root whose 0.1 is frozen, as if nothing in it were pending."""
    for path in (root / "spec/0.1").glob("*.md"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = (line for line in lines if not line.startswith("excluded: pending"))
        path.write_text("".join(kept), "utf-8")
    freeze("0.1", root, datetime.date(2027, 3, 1), [])
    assert (root / "spec/0.1" / LOCK_NAME).is_file()
    return root


def test_a_draft_says_so_on_every_chapter(root):
    pages = standard_pages(root)
    chapters = {name: text for name, text in pages.items() if name.startswith("standard/")}
    assert len(chapters) == 20
    assert all(DRAFT in text for text in chapters.values())
    assert "| [0.1](standard/01-introduction.md) | draft |  |" in pages["versions.md"]


def test_a_frozen_version_names_the_day(frozen):
    pages = standard_pages(frozen)
    assert "Version 0.1 was frozen on 2027-03-01." in pages["standard/03-declaration.md"]
    assert "| frozen | 2027-03-01 |" in pages["versions.md"]


def test_an_older_version_stays_with_a_way_to_the_newest(frozen):
    open_version("0.2", "0.1", frozen)
    pages = standard_pages(frozen)
    older = pages["versions/0.1/standard/03-declaration.md"]
    assert "the newest is [0.2](../../../versions.md)" in older
    assert older.startswith("---\nsearch:\n  exclude: true\n")
    assert DRAFT in pages["standard/03-declaration.md"]
    assert "versions/0.1/schemas/declaration.md" in pages
    listed = json.loads(pages["versions.json"])
    assert [(item["version"], item["aliases"]) for item in listed] == [
        ("0.2", ["latest"]),
        ("0.1", []),
    ]
