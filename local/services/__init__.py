"""Starts, checks, reuses and stops the services that the product runs on locally. Knows no domain and no message."""
