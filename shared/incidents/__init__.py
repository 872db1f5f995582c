"""Alerts that belong together, gathered into incidents: what links them, and who takes them apart. No investigation."""
