"""Pages of a reader."""
