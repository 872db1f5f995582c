"""The main job shown on this machine: sample alerts in, verdicts out. Drives the product only through its own doors."""
