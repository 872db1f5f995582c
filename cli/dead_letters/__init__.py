"""Dead letters for an operator: see what could not be handled and why, and send it back. Knows no domain."""
