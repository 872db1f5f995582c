"""The products that actions change: a module a connector, over HTTP with the process's identity. They keep no state."""
