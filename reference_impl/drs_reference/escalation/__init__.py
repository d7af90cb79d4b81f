"""Dossiers for law enforcement and regulators: the shared criteria, custody, two signatures."""
