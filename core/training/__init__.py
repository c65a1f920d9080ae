"""Procedural CT, data sets, training loops, evaluation. Imports core.ai, never the other way."""
