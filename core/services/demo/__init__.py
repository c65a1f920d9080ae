"""The demo: procedural patients, the AI's real reads of them, simulated readers, three studies. Made and removed whole.

plan: who and what · patients: the CT, made from seeds · ai_reads: the AI's reads, prepared or made here ·
readers: the simulated reads · build: all of it, and its removal
"""
