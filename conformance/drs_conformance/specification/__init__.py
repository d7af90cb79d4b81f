"""The standard as data: where it lies, what it requires, and whether it is in order.

Everything here reads `spec/` and `schemas/`; nothing here knows how a requirement is tested.
"""
