"""The HTTP routes beside the pages."""
