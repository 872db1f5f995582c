"""Tests of local/taskhub on a real PostgreSQL with a real DFApp. No product orchestrators here."""
