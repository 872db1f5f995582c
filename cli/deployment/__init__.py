"""What an operator runs against a deployment, from a checkout or CI: its database set-up and its preflight."""
