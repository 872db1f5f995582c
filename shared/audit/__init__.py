"""The audit chain: building and sending events, the ledger, its independent verifier, evidence. Not who may read it."""
