"""The page of a truth panel."""
