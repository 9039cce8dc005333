"""Tables for the terminal, by Rich."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from fpsem.core.claim import Claim
from fpsem.core.codes import ulp_distance
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.graph.ir import Graph
from fpsem.report.compare import Comparison
from fpsem.report.flags import NodeFlags
from fpsem.report.parting import Parting

if TYPE_CHECKING:
    from fpsem.bridges.budget import Checked
    from fpsem.report.ledger import Coverage, PairGap

_NOTHING = "-"


def output_tables(comparison: Comparison, limit: int = 32) -> list[Table]:
    """For each output a table: its elements down, the domains across, with ulps from the reference and the bound; no table
    where no domain has a reading."""
    if comparison.reference.error:
        return []
    return [_output_table(comparison, name, limit) for name in comparison.graph.outputs]


def _output_table(comparison: Comparison, name: str, limit: int) -> Table:
    readings = [r for r in comparison.readings if r.floats is not None]
    told = f"{escape(name)}: values, and distance from {comparison.reference.domain} (= none, ±n ulps, ? not finite)"
    table = Table(title=told)
    table.add_column("element")
    for reading in readings:
        table.add_column(reading.domain, justify="right")
    if comparison.bound is not None:
        table.add_column(f"|binary32 - real| <=\n({comparison.bound.schedule})", justify="right")
    shape = comparison.graph.nodes[comparison.graph.outputs[name]].shape
    for place, index in zip(range(limit), np.ndindex(shape)):
        table.add_row(str(list(index)), *_cells(comparison, name, index), *_bound_cell(comparison, place))
    if np.prod(shape) > limit:
        table.add_row(f"... {int(np.prod(shape)) - limit} more", *[""] * (len(table.columns) - 1))
    return table


def _cells(comparison: Comparison, name: str, index: tuple[int, ...]) -> list[str]:
    readings = [r for r in comparison.readings if r.floats is not None]
    codes = [comparison.output_codes(r, name) for r in readings]
    cells = []
    for reading, code in zip(readings, codes):
        assert reading.floats is not None
        known = code is not None and codes[0] is not None and reading is not readings[0]
        distance = f"  {apart(code[index], codes[0][index])}" if known else ""  # type: ignore[index]
        cells.append(f"{reading.floats[name][index]:.9g}{distance}")
    return cells


def apart(code: Any, reference: Any) -> str:
    """``=`` for one binary32 number, ``±n`` for numbers n apart, ``?`` where one is beyond binary32 or NaN."""
    if not (BINARY32.is_finite(int(code)) and BINARY32.is_finite(int(reference))):
        return "?"
    ulps = int(ulp_distance(code, reference))
    return f"±{ulps}" if ulps else "="


def _bound_cell(comparison: Comparison, place: int) -> list[str]:
    if comparison.bound is None:
        return []
    flat = comparison.bound.absolute.reshape(-1)
    return [f"{flat[place]:.3g}" if place < len(flat) else _NOTHING]


def node_table(comparison: Comparison) -> Table:
    """Node by node: the largest distance from the reference in ulps, and non-finite values."""
    table = Table(title=f"largest distance from {comparison.reference.domain} in ulps (non-finite values in brackets)")
    for heading in ("node", "op", "shape"):
        table.add_column(heading)
    shown = [i for i, reading in enumerate(comparison.readings) if reading is not comparison.reference]
    for i in shown:
        table.add_column(comparison.readings[i].domain, justify="right")
    for row in comparison.rows:
        cells = [_distance(row.ulps[i], row.non_finite[i]) for i in shown]
        table.add_row(f"%{row.node} {escape(row.name)}", row.op, str(comparison.graph.nodes[row.node].shape), *cells)
    return table


def _distance(ulps: int | None, non_finite: int | None) -> str:
    return _NOTHING if ulps is None else f"{ulps}" + (f" [{non_finite}]" if non_finite else "")


def claims_table(claims: Sequence[Claim], checked: Checked) -> Table:
    """The ledger: statement, region, schedule, evidence, and the command that checks it again."""
    from fpsem.report.ledger import evidence_of  # the ledger reads the matrix, which is a heavy import

    table = Table(title="claims", show_lines=True)
    for heading in ("claim", "statement", "region", "schedule", "evidence"):
        table.add_column(heading, overflow="fold")
    for claim in claims:
        named = f"{claim.name}\n$ {claim.command}"
        table.add_row(*map(escape, (named, claim.statement, claim.region, claim.schedule, evidence_of(claim, checked))))
    return table


def unbridged_tables(pairs: Sequence[PairGap], covered: Coverage) -> list[Table]:
    """What no claim covers: pairs of domains, ops in domains; and for each domain how its other ops are covered."""
    apart = Table(title=f"UNBRIDGED: {len(pairs)} pairs of domains that no claim relates")
    for heading in ("domains", "both bridged to"):
        apart.add_column(heading, overflow="fold")
    for pair in pairs:
        apart.add_row(" and ".join(pair.domains), ", ".join(pair.through) or _NOTHING)
    ops = Table(title=f"UNBRIDGED: {len(covered.gaps)} ops in domains that no claim covers, nor their primitives do")
    for heading in ("op", "domain", "primitives not covered", "the domain's own, not covered"):
        ops.add_column(heading, overflow="fold")
    for gap in covered.gaps:
        ops.add_row(gap.op, gap.domain, ", ".join(gap.primitives) or _NOTHING, ", ".join(gap.overrides) or _NOTHING)
    return [apart, ops, _dictionaries("how the ops of each domain are covered", covered.counts())]


def trusted_table() -> Table:
    """The trusted base: what is not checked, and what rests on it."""
    from fpsem.report.ledger import trusted_rows

    return _dictionaries("the trusted base: what is not checked, what rests on it, and what narrows that", trusted_rows())


def _dictionaries(title: str, rows: Sequence[Mapping[str, str]]) -> Table:
    table = Table(title=title, show_lines=True)
    for heading in rows[0]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell or _NOTHING) for cell in row.values()))
    return table


def graph_table(graph: Graph, payload: Mapping[str, Array]) -> Table:
    """The nodes of a graph."""
    table = Table(title=f"{len(graph.nodes)} nodes, {sum(int(v.size) for v in payload.values())} parameters")
    for heading in ("node", "op", "inputs", "shape", "name"):
        table.add_column(heading)
    outputs = {index: name for name, index in graph.outputs.items()}
    for index, node in enumerate(graph.nodes):
        name = graph.name_of(index) + (f" -> {outputs[index]}" if index in outputs else "")
        table.add_row(f"%{index}", node.op, " ".join(f"%{i}" for i in node.inputs), str(node.shape), escape(name))
    return table


def facts_table(facts: Mapping[str, str]) -> Table:
    """Two columns."""
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(escape(name), escape(fact))
    return table


def flags_table(found: Sequence[NodeFlags]) -> Table:
    """The nodes that raise an exception."""
    table = Table("node", "name", "op", "raised", title="exceptions, binary32 to nearest even")
    for row in found:
        table.add_row(str(row.node), escape(row.name), row.op, ", ".join(row.flags))
    return table


def parting_table(found: Parting, limit: int = 12) -> Table:
    """Where two readings part: the sums of the element around the first one that is not the same."""
    first = found.first_step
    table = Table(
        title=f"{found.domains[0]} and {found.domains[1]} part at %{found.node} {escape(found.name)} ({found.op}), element "
        f"{escape(str(list(found.element)))}: {found.codes[0]:#010x} and {found.codes[1]:#010x}"
    )
    for heading in ("step", *found.domains):
        table.add_column(heading)
    start = max((first or 0) - 2, 0)
    for i in range(start, min(start + limit, max(map(len, found.steps)))):
        mark = " <" if i == first else ""
        table.add_row(f"{i}{mark}", *(str(steps[i]) if i < len(steps) else "not noted" for steps in found.steps))
    left = max(map(len, found.steps)) - start - limit
    if left > 0:
        table.add_row(f"... {left} more", "", "")
    return table
