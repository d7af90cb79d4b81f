"""Versions of the standard: frozen, opened, compared, and what an edit touches."""
