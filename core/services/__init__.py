"""Use cases that need the database: what pages, routes, jobs and the command line ask for."""
