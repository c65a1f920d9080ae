"""Durable work: reading cases in a worker process. Knows db."""
