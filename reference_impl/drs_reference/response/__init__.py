"""Graduated response: the ladder, measures, notices, cases and appeals. Pure; no I/O."""
