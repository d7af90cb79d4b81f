"""Signatures, and their exchange between members through a hub."""
