"""Figures, exports and the study report."""
