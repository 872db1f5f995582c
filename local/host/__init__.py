"""The local Functions host: runs the app through Microsoft's own worker library, without Azure.

Owns triggers, keys, host.json and settings. Durable state is local/taskhub's; services are started by local/services.
"""
