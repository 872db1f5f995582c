"""Simulated Claude and identity provider: `python -m local.simulators --port P --data DIR`, ready when it logs
"listening on http://127.0.0.1:P"; base URLs are /claude (any API key) and /identity, faults are switched at /control.
Owns wire shapes, rules and faults of the stand-ins, nothing of the product; SIGTERM ends it with exit code 0.
"""
