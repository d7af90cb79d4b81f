"""Endpoints that are broken or mean, over real sockets: answers in tables, and runs."""
