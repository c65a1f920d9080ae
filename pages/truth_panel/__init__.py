"""The page of a truth panel's member."""
