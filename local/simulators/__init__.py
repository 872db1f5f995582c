"""Simulated Claude, identity provider and Log Analytics: `python -m local.simulators --port P --data DIR`, ready when
it logs "listening on http://127.0.0.1:P"; under /claude (any API key), /identity, /loganalytics; switches at /control.
Owns wire shapes, rules and faults of the stand-ins, nothing of the product; SIGTERM ends it with exit code 0.
"""
