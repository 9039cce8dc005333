"""Starting parameters: the same bits on every machine, for every version of numpy.

Each tensor has a stream of its own: Philox 4x64-10 with the counter at 0 and a key that is a hash of the seed and the
tensor's name, so that adding a layer does not change the others. A 64-bit word gives two 32-bit words, the lower first.
The upper 24 bits of each are an integer m of [0, 2^24); (m - 2^23) 2^-23 is exact in binary32, and the number is that
times the bound, rounded once.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011; NEP 19 (raw words of a numpy
bit generator do not change between versions, distributions may).
"""

from __future__ import annotations

import hashlib
from math import prod

import numpy as np
import numpy.typing as npt

from fpsem.graph.op import Shape

_HALF = 1 << 23


def uniform(seed: int, name: str, shape: Shape, bound: float) -> npt.NDArray[np.float32]:
    """Numbers of [-bound, bound) in float32: multiples of 2^-23 times the bound, rounded to nearest even once.

    Args:
        seed: any integer.
        name: the tensor's name.
        shape: the tensor's shape, filled in C order.
        bound: rounded to binary32 first.
    """
    integers = (_words(seed, name, prod(shape)) >> 8).astype(np.int64) - _HALF
    unit = integers.astype(np.float32) * np.float32(1 / _HALF)
    return (unit * np.float32(bound)).reshape(shape)


def _words(seed: int, name: str, count: int) -> npt.NDArray[np.uint64]:
    """The first ``count`` 32-bit words of the stream."""
    key = hashlib.sha256(f"{int(seed)}:{name}".encode()).digest()[:16]
    wide = np.random.Philox(counter=0, key=int.from_bytes(key, "little")).random_raw((count + 1) // 2)
    return np.stack([wide & np.uint64(0xFFFFFFFF), wide >> np.uint64(32)], axis=-1).ravel()[:count]
