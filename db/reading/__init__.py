"""Reading: who may read what now, drafts, the clock's events, locks and resets."""
