"""Abstract machine words, and the machines that give them meaning: Python integers, z3 bit-vectors, emitted code."""
