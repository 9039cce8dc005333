"""How far a library's float32 functions are from the value, over every binary32 number: measured on this machine.

The value is the binary64 one that the correctly rounded result is made of. Its own error, which the sweep of the function has
verified, is stated below 2**-19 ulp, but up to 2**-4 for sines and cosines within 2**-22 of a zero; where another number stands
in for it, beside a limit, that is below 0.05 ulp off. So figures are told to a tenth of an ulp, the unit being that of the
value's binade in binary32, of the subnormals' below the smallest normal number. Where the correctly rounded result is no finite
number, or the library's is not, the two are compared and differ or do not.

Source: Muller, "On the definition of ulp(x)", 2005, for the unit (Goldberg's, extended to reals).
"""

from __future__ import annotations

import hashlib
import math
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np

from fpsem.bridges.sweep.brackets import Codes
from fpsem.bridges.sweep.executors import Executor, run_units
from fpsem.bridges.sweep.ledger import Ledger, Record
from fpsem.bridges.sweep.reference import runs
from fpsem.bridges.sweep.summary import default_folder
from fpsem.bridges.sweep.units import ALL, SIZE, Unit
from fpsem.core.errors import UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ELEMENTARY
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.softfloat.arithmetic import arithmetic
from fpsem.softfloat.elementary.kernel import approximation

KIND = "numpy"
EMIN, FRACTION_BITS = BINARY32.emin, BINARY32.fraction_bits


@dataclass(frozen=True)
class Measured:
    """What was found of a function.

    Args:
        function: its name.
        inputs: how many numbers.
        largest: the largest error in ulps, of finite results.
        at: the code of its argument.
        misrounded: how many results are not the correctly rounded one, NaNs counting as one.
        special: how many of them where one of the two is not finite.
        seconds: of all units together.
    """

    function: str
    inputs: int
    largest: float
    at: int
    misrounded: int
    special: int
    seconds: float

    def row(self) -> dict[str, str]:
        """A line of a table."""
        return {
            "function": self.function, "inputs": f"{self.inputs:,}", "largest error in ulps": f"{self.largest:.1f}",
            "at": f"{self.at:#010x}", "misrounded": f"{self.misrounded:,}",
            "share": f"{100 * self.misrounded / max(self.inputs, 1):.3f} %", "infinity or NaN instead": f"{self.special:,}",
            "seconds": f"{self.seconds:.0f}",
        }  # fmt: skip


def measure(
    functions: Sequence[str],
    executor: Executor,
    folder: Path | None = None,
    start: int = 0,
    stop: int = ALL,
    advance: Callable[[str], None] = lambda step: None,
) -> list[Measured]:
    """numpy's functions, as NumPyFloat32 has them, on the codes from start to stop, rounded out to whole units.

    Args:
        functions: some of the primitives.
        executor: who does it.
        folder: where the ledgers are; in the cache where none is told.
        start: the first code.
        stop: the one after the last.
        advance: told of each unit that is done.

    Raises:
        UnknownNameError: for a function that is no primitive.
        UnableError: a unit kills every worker; or no scheduler answers.
    """
    for name in functions:
        if name not in ELEMENTARY:
            raise UnknownNameError("elementary primitive", name, ELEMENTARY)
    state = Ledger(folder or default_folder(), dict.fromkeys(functions, f"library-{_tag()}"))
    units = [Unit(name, KIND, i) for name in functions for i in range(start // SIZE, -(-stop // SIZE))]
    found = run_units(units, measure_unit, state, executor, advance)
    return [_together(name, [found[unit] for unit in units if unit.function == name]) for name in functions]


def _tag() -> str:
    """A hash of what the figures depend on: this file, our functions, numpy, the C library, the machine."""
    package = Path(__file__).parents[2]
    sources = [*sorted((package / "softfloat" / "elementary").glob("*.py")), package / "domains" / "numpy_float32.py"]
    told = (np.__version__, platform.libc_ver(), platform.processor(), platform.node())
    of = (Path(__file__).read_bytes(), *(path.read_bytes() for path in sources), repr(told).encode())
    return hashlib.sha256(b"\0".join(of)).hexdigest()[:16]


def _together(name: str, records: Sequence[Record]) -> Measured:
    largest, at = max((r["largest"], r["at"]) for r in records)
    sums = {key: sum(r[key] for r in records) for key in ("inputs", "misrounded", "special", "seconds")}
    return Measured(name, sums["inputs"], largest, at, sums["misrounded"], sums["special"], sums["seconds"])


def measure_unit(unit: Unit) -> Record:
    """A unit of 2**24 codes."""
    return measure_codes(unit.function, unit.index * SIZE, (unit.index + 1) * SIZE)


def measure_codes(name: str, start: int, stop: int) -> Record:
    """The codes from start to stop, as a record."""
    begun, record = time.perf_counter(), _record(0, 0.0, start, 0, 0)
    for first, last in runs(start, stop):
        found = compare_codes(name, np.arange(first, last, dtype=np.uint64).astype(np.uint32))
        worst = max(record, found, key=lambda r: r["largest"])
        sums = [record[key] + found[key] for key in ("inputs", "misrounded", "special")]
        record = _record(sums[0], worst["largest"], worst["at"], *sums[1:])
    return record | {"seconds": time.perf_counter() - begun}


def compare_codes(name: str, codes: Codes) -> Record:
    """An array of codes, as a record without seconds."""
    native = NumPyFloat32()
    theirs = native.to_bits(getattr(native, name)(native.from_bits(codes)))
    value, _ = approximation(name, codes)
    worst, place, wrong, special = _compare(theirs, getattr(arithmetic(BINARY32), name)(codes), value)
    return _record(codes.size, float(worst), int(codes[place]), wrong, special)


def _record(inputs: int, largest: float, at: int, misrounded: int, special: int) -> Record:
    return {"inputs": inputs, "largest": largest, "at": at, "misrounded": misrounded, "special": special}


@numba.njit  # type: ignore[untyped-decorator]
def _compare(theirs: Any, ours: Any, value: Any) -> Any:
    """The largest error of finite results and where it is, how many results differ, and how many of them are not finite."""
    worst, place, wrong, special = 0.0, 0, 0, 0
    a_all, b_all = theirs.view(np.float32), ours.view(np.float32)
    for i in range(theirs.size):
        a, b = a_all[i], b_all[i]
        if np.isfinite(a) and np.isfinite(b):
            exponent = math.frexp(value[i])[1] - 1 if value[i] != 0 else EMIN
            unit = math.ldexp(1.0, max(exponent, EMIN) - FRACTION_BITS)
            error = abs(np.float64(a) - value[i]) / unit
            if error > worst:
                worst, place = error, i
            wrong += theirs[i] != ours[i]
        elif theirs[i] != ours[i] and not (np.isnan(a) and np.isnan(b)):
            wrong += 1
            special += 1
    return worst, place, wrong, special
