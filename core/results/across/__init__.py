"""Panels that only studies of several findings have: across findings, and of their marks."""
