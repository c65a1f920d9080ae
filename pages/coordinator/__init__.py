"""Pages of a coordinator."""
