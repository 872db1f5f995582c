"""How well the detections find attacks, and how often they are wrong: measured on simulated telemetry."""
