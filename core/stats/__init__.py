"""Metrics, intervals, agreement, ROC, MRMC, AI against readers, power, times, the published study."""
