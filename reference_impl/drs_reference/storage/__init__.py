"""Durable state: accounts, cases, appeals and the hash-chained audit trail."""
