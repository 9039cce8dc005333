"""Sweeps: the elementary functions of binary32 compared with independent references over all arguments, or very many pairs."""

from fpsem.bridges.sweep.executors import Dask, Executor, Local, Serial, run_units
from fpsem.bridges.sweep.ledger import Ledger
from fpsem.bridges.sweep.pairs import PairPlan
from fpsem.bridges.sweep.summary import Summary, default_folder, sweep
from fpsem.bridges.sweep.units import ALL, DIRECTIONS, Plan, Unit, sweep_unit

__all__ = [
    "ALL",
    "DIRECTIONS",
    "Dask",
    "Executor",
    "Ledger",
    "Local",
    "PairPlan",
    "Plan",
    "Serial",
    "Summary",
    "Unit",
    "default_folder",
    "run_units",
    "sweep",
    "sweep_unit",
]
