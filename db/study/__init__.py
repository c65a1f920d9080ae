"""A study: its design, cases, readers, orders and life, and the check and monitor that look at it."""
