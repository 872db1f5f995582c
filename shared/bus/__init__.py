"""Kafka: publish with acknowledgement. What is published, and when, is the domains' business."""
