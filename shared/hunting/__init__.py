"""A closed catalogue of questions to a tenant's logs: which ones an alert calls for, and their answers as evidence.

Verdicts are not made here; no text but the catalogue's own becomes KQL (design §8.18).
"""
