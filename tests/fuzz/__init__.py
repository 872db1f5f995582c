"""Fuzzing of everything that reads strangers' bytes. `python -m tests.fuzz.TARGET` runs one until Ctrl-C or a find."""
