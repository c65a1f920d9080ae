"""AI models and what they read."""
