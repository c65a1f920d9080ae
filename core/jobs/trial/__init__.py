"""Try this version on a server of its own: many readers at once, and parts that are killed. Nothing of it is kept."""
