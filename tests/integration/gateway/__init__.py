"""The gateway on the real anthropic client, the simulated Claude and a real PostgreSQL."""
