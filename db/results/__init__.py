"""What an unblinded study gives to its analysis."""
