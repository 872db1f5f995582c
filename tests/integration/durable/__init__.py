"""The durable flows on a real task hub, with activities that the tests write."""
