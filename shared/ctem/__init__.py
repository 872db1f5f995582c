"""Exposures that scanners found on a tenant's assets. Normalising the scanners' formats comes with their connectors."""
