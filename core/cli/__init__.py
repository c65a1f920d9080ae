"""The command line: python -m core COMMAND. One module a subject, each with `register`."""
