"""From events to the result: what a run found, as data. No report is written here."""
