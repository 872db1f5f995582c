"""Labelled attacks, written from what MITRE ATLAS says that an attacker does and wants; no rule is consulted."""
