"""What a person sees. No SQL, no torch, no arithmetic."""
