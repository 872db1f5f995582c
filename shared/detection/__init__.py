"""Detections of attacks on machine-learning systems: telemetry in, ten rules over it, alerts out. Judges no alert."""
