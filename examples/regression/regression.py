"""A network learns a polynomial on a grid, twice: in the machine's floats and in bit-exact IEEE 754, bit for bit the same.

A 2-16-16-1 network with ReLU learns f(x, y) = x^3 - x y + y^2 / 2 on [-1, 1]^2. The loss, its gradients and Adam are graphs; two
domains that agree in + - * / and the square root, and add in the same order, agree in every parameter after every step. A third
training adds in another order: the example says when its bits part, and how far the networks come apart. Writes curve.svg
beside this file where matplotlib is there (extra `report`).

    python examples/regression/regression.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

import fpsem
from fpsem import data, nn, optim
from fpsem.core.errors import MissingExtraError
from fpsem.core.files import write
from fpsem.core.protocol import ScalarDomain
from fpsem.train import Log, Result

FOLDER = Path(__file__).parent
MODEL = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
STEPS, BATCH, EVERY = 300, 32, 20
OPTIMIZER = optim.adam(optim.warmup_cosine(2e-2, warmup=20, total=STEPS))
SCHEDULE, OTHER = fpsem.Lanes(width=8), fpsem.Sequential()
CONSOLE = Console(width=130, highlight=False)

Codes = npt.NDArray[np.uint32]


def polynomial(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """f(x, y), by sums and products that are the same on every machine."""
    x, y = points[:, :1], points[:, 1:]
    return x * x * x - x * y + y * y * np.float32(0.5)


def examples() -> tuple[data.Dataset, data.Dataset]:
    """What is learnt, a grid of 17 by 17 points, and what is evaluated, the 16 by 16 points between them."""
    grids = data.grid((-1, -1), (1, 1), (17, 17)), data.grid((-15 / 16, -15 / 16), (15 / 16, 15 / 16), (16, 16))
    learnt, between = (data.Dataset(grid.x, polynomial(grid.x), name=grid.name) for grid in grids)
    return learnt, between


def train(domain: ScalarDomain, steps: int) -> tuple[Result, list[Codes]]:
    """One training, and the codes of all parameters after each step."""
    learnt, between = examples()
    codes: list[Codes] = []
    result = fpsem.Trainer(MODEL, "regression", OPTIMIZER, domain, seed=0).train(
        learnt, steps, BATCH, validation=between, evaluate_every=EVERY, title=f"regression, {domain.name} {domain.schedule}",
        callbacks=[lambda event: codes.append(np.concatenate([p.ravel() for p in event.state.params.values()]).view(np.uint32))],
    )  # fmt: skip
    return result, codes


def first_difference(one: list[Codes], other: list[Codes]) -> int | None:
    """The first step after which a parameter has another code, counted from 1; None if none has at any step."""
    return next((step for step, pair in enumerate(zip(one, other), start=1) if not np.array_equal(*pair)), None)


def apart(one: list[Codes], other: list[Codes]) -> str:
    """How many codes differ after the last step, and by how much the parameters do."""
    last = one[-1], other[-1]
    largest = np.abs(last[0].view(np.float32).astype(np.float64) - last[1].view(np.float32)).max()
    return f"{int((last[0] != last[1]).sum())} of {last[0].size}, by {largest:.2g} at most"


def write_curve(log: Log, path: Path) -> str:
    """Draw the curve; says what was written or what is missing."""
    from fpsem.train.plot import curve_svg

    try:
        write(path, curve_svg(log).encode())
    except MissingExtraError as error:
        return f"No curve: {error}"
    return f"{path.name}: the loss on the grid and on the points between."


def main(steps: int = STEPS, folder: Path = FOLDER) -> tuple[int | None, int | None]:
    """Train three times and compare; returns the first step that differs in the same schedule, and in the other one."""
    domains = fpsem.NumPyFloat32(SCHEDULE), fpsem.IEEE32Exec(schedule=SCHEDULE), fpsem.NumPyFloat32(OTHER)
    (machine, codes), *others = (train(domain, steps) for domain in domains)
    CONSOLE.print(str(machine.report))
    title = f"parameters beside those of {domains[0].name} {SCHEDULE}, step by step"
    table = Table("trained in", "schedule", "first step that differs", "codes that differ at the end", title=title)
    firsts = []
    for domain, (_, found) in zip(domains[1:], others):
        firsts.append(first_difference(codes, found))
        table.add_row(domain.name, str(domain.schedule), str(firsts[-1] or f"none of {steps}"), apart(codes, found))
    CONSOLE.print(table)
    CONSOLE.print(f"The losses of all {steps} steps agree in every bit: {machine.log.series == others[0][0].log.series}.")
    CONSOLE.print(write_curve(machine.log, folder / "curve.svg"))
    return firsts[0], firsts[1]


if __name__ == "__main__":
    main()
