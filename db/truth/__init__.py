"""The reference standard: versions, their authors, and the panel that decides it."""
