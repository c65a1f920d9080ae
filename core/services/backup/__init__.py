"""Backups: the database and every volume in one file, taken while people read, and put back elsewhere."""
