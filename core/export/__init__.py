"""Files a study is taken away in: the long table, and files for MRMC programs."""
