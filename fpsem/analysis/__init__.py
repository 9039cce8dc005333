"""A priori error analysis of graphs: how far a binary32 execution may be from the real value, and an input where it is far."""
