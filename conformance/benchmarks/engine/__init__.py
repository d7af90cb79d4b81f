"""The decision engine, measured: its designs alone, over the whole suite, and against mutants."""
