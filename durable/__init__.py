"""Durable flows, one folder each: the orchestrator only yields, the activities do all I/O through shared/."""
