"""How inference surfaces are spoken to: each dialect reads requests and writes answers.

What is done to a request in between is the same for all.
"""
