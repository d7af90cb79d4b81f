"""The mechanisms on a stack of one's own: ``generate`` of transformers, or a remote endpoint."""
