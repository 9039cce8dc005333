"""What training changes, as values: parameters and buffers, the optimizer's state, the random stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpsem.rand import Key

Params = Mapping[str, npt.NDArray[np.float32]]
"""Parameters and buffers by their state_dict names."""

Metrics = Mapping[str, float]
"""What a step measured, by name: the loss first."""


@dataclass(frozen=True, eq=False)
class OptState:
    """The optimizer's state.

    Args:
        step: how many steps were made.
        slots: its tensors, "SLOT.NAME".
    """

    step: int
    slots: Params


@dataclass(frozen=True, eq=False)
class State:
    """All that a step takes and gives besides the data.

    Args:
        params: parameters and buffers.
        opt_state: the optimizer's.
        rng: what the next step's noise is drawn from.
    """

    params: Params
    opt_state: OptState
    rng: Key
