"""The HTTP API: routes, who may call them, errors as JSON. It reads; what changes goes through another room's port."""
