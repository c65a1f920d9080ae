"""Adding and removing AI models, one file a form."""
