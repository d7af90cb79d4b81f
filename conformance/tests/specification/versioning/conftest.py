"""A small standard in which nothing is pending, so that it can be frozen."""

import subprocess

import pytest

CHAPTER = "spec/0.1/02-declaration.md"


@pytest.fixture
def complete(standard):
    standard.edit(CHAPTER, "verify: test\nexcluded: pending C", "verify: inspect\nevidence: Logs")
    design = (
        "design: {kind: rate, conforming: 0.01, violating: 0.1, alpha: 0.001, beta: 0.01, cap: 400}"
    )
    standard.edit(CHAPTER, f"{design}\n", "")
    return standard


@pytest.fixture
def committed(complete):
    """Return a function that commits the standard to a repository of its own."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Editor", "-c", "user.email=editor@standard.example")
        subprocess.run(
            ["git", "-C", complete.root, *identity, *arguments], check=True, capture_output=True
        )

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "First")
    return complete
