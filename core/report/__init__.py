"""The study report: one HTML file."""
