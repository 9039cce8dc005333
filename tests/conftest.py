"""Loads the Hypothesis profile that HYPOTHESIS_PROFILE names; ``dev`` by default."""

from fpsem.testing.profiles import load_profile

load_profile()
