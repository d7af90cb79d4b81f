"""Candidates of the search for a mechanism that is truthful, imperceptible and costly."""
