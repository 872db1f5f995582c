"""A small Event Hubs namespace for this machine: AMQP 1.0 over plain TCP to the unmodified azure-eventhub client.

Owns the wire, the partition logs and their journal. Not consumers, checkpoints or triggers: those are the client's.
"""
