"""Stored histories of finished orchestrations, replayed against the orchestrators of today; starts no service."""
