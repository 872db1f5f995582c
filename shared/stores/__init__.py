"""Connections to PostgreSQL, Redis, Qdrant and Blob: connect, health, wrap errors, migrate. No domain queries."""
