"""The local Functions host: indexes the app through Microsoft's own worker library and fires its triggers without Azure.

Owns triggers, keys, host.json and settings. Durable state is local/taskhub's; services are started by local/services.
"""
