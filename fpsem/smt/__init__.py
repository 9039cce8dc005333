"""Questions for a solver: about graphs over binary32, and about the softfloat algorithms themselves."""
