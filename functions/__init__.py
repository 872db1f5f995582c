"""Triggers: one blueprint module per source. Each decodes, calls one thing in shared/ and answers."""
