"""What is wrong with a command before anything was sent."""

from __future__ import annotations

__all__ = ["UsageFault"]


class UsageFault(Exception):
    """Usage, target file or authorisation is wrong: exit code 2."""
