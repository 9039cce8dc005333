"""Arrays that are not numpy's and do not become so unasked, as a GPU's: what works on these uses functions that dispatch.

They wrap numpy arrays. As CuPy's, they take part in numpy's functions and ufuncs among themselves, take numpy arrays as indices
and numbers as operands, and refuse to be converted by ``numpy.asarray`` or to meet a numpy array in a ufunc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.domains._kernels import Cpu


class Foreign:
    """A wrapped array."""

    def __init__(self, held: Any) -> None:
        self.held = np.asarray(held)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("implicit conversion to a numpy array is not allowed")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, np.ndarray) and x.ndim for x in inputs):
            raise TypeError("unsupported type numpy.ndarray")
        return _wrapped(getattr(ufunc, method)(*map(_held, inputs), **options))

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        return _wrapped(function(*_held(inputs), **_held(options)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # not even the protocols by which numpy would look inside
            raise AttributeError(name)
        found = getattr(self.held, name)
        return (lambda *a, **o: _wrapped(found(*_held(a), **_held(o)))) if callable(found) else _wrapped(found)

    def __getitem__(self, index: Any) -> Any:
        return _wrapped(np.asarray(self.held[_held(index)]))

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise TypeError("a numpy array is not stored here unasked")
        self.held[_held(index)] = _held(value)

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self.held)))

    def __bool__(self) -> bool:
        return bool(self.held)

    def __invert__(self) -> Any:
        return Foreign(~self.held)


class Arrays:
    """The names of numpy that a device uses, for wrapped arrays."""

    def asarray(self, x: Any) -> Foreign:
        return x if isinstance(x, Foreign) else Foreign(np.array(x))

    def __getattr__(self, name: str) -> Any:
        return lambda *a, **o: _wrapped(getattr(np, name)(*_held(a), **_held(o)))


class ForeignDevice(Cpu):
    """The CPU behind such arrays: kernels see what they hold."""

    arrays: Any = Arrays()

    def host(self, x: Any) -> Any:
        assert isinstance(x, Foreign), f"{type(x)} is not of this device"
        return np.array(x.held)

    def launch(self, source: str, kernel: str, elements: int, *arguments: Any) -> None:
        assert not any(isinstance(x, np.ndarray) for x in arguments), "a kernel was given an array of the host"
        super().launch(source, kernel, elements, *map(_held, arguments))


def _held(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(map(_held, x))
    if isinstance(x, dict):
        return {key: _held(value) for key, value in x.items()}
    return x.held if isinstance(x, Foreign) else x


def _wrapped(x: Any) -> Any:
    return Foreign(x) if isinstance(x, np.ndarray) else x
