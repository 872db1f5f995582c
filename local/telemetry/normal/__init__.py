"""Ordinary days, with what looks like an attack and is none: back-fills, restarts, load tests, certificate changes."""
