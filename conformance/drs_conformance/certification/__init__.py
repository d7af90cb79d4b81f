"""Certification: registered runs, witnesses, claims of conformance, and bundles of a run."""
