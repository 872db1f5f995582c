"""Simulated telemetry of the systems that the detections watch: ordinary days, and labelled attacks on them.

It knows the tables and MITRE ATLAS's descriptions of the attacks, and no rule: it shares no code with shared/detection.
"""
