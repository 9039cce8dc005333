"""Hypothesis profiles: how many examples, and whether they are the same each time.

``dev`` is small and random, ``ci`` is deterministic, ``nightly`` is long. None keeps a database of examples, so that a
run leaves nothing behind and depends on nothing before it. Each says whether it is random, since Hypothesis would guess
it from the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from hypothesis import HealthCheck, settings

from fpsem.core.errors import UnknownNameError

PROFILES: Mapping[str, settings] = {
    "dev": settings(max_examples=25, deadline=None, database=None, derandomize=False),
    "ci": settings(max_examples=100, deadline=None, database=None, derandomize=True, print_blob=True),
    "nightly": settings(
        max_examples=5000,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    ),
}
"""Every profile by its name."""

VARIABLE = "HYPOTHESIS_PROFILE"
"""The environment variable that chooses a profile."""


def load_profile(name: str | None = None) -> str:
    """Register the profiles and load one: the named one, or the one that HYPOTHESIS_PROFILE names, or ``dev``.

    Returns:
        The name of the profile that was loaded.

    Raises:
        UnknownNameError: for a name that is no profile.
    """
    chosen = name or os.environ.get(VARIABLE, "dev")
    if chosen not in PROFILES:
        raise UnknownNameError("hypothesis profile", chosen, PROFILES)
    for profile, values in PROFILES.items():
        settings.register_profile(profile, values)
    settings.load_profile(chosen)
    return chosen
