"""Study designs, reading orders, the reading clock, preflight."""
