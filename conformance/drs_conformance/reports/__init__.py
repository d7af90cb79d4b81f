"""Writers of reports: result in, text out. A writer never sends a request."""
