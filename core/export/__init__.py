"""Files a study is taken away in: the long table, and files for MRMC programs. One contract, one list.

A kind of file is a name in `kinds.Kind` and a writer in `files.WRITERS`: rows of a study, the positive class and what
is compared in, a `File` of pieces out. It refuses what it cannot write in words, before the first piece. The command
line, the browser, scripts and the page of exports all go through `files.file_of`; a kind without a writer is an error.
"""
