"""Tables say what a comparison, a graph, a ledger and a number hold."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from rich.console import Console

import fpsem
from fpsem.bridges.budget import Checked
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.report.compare import Comparison, compare
from fpsem.report.tables import claims_table, facts_table, graph_table, node_table, output_tables

GRAPH = fpsem.trace(lambda x: (x * x).sum(axis=1), (1, 4))
X = np.float32([[0.1, 0.2, 0.3, 0.4]])
EXACT, BITS, MACHINE = fpsem.Real(), fpsem.IEEE32Exec(), fpsem.NumPyFloat32()


def text(*tables: Any) -> str:
    console = Console(width=200, file=io.StringIO(), record=True)
    for table in tables:
        console.print(table)
    return console.export_text()


def nan_in(*domains: Any) -> Comparison:
    return compare(GRAPH, {}, np.float32([[np.nan, 1, 2, 3]]), domains)


def test_an_output_has_a_column_for_each_domain_and_the_bound() -> None:
    (table,) = output_tables(compare(GRAPH, {}, X, [EXACT, BITS]))
    assert [str(column.header) for column in table.columns][:3] == ["element", "real", "ieee32"]
    assert "sequential" in str(table.columns[3].header)
    assert table.row_count == 1


def test_equal_values_are_marked_equal_and_others_by_their_distance() -> None:
    graph = fpsem.trace(lambda x: x + 0, (2,))
    one = compare(graph, {}, np.float32([1, 2]), [BITS, MACHINE])
    assert text(*output_tables(one)).count("  =") >= 2
    apart = compare(fpsem.trace(lambda x: x.sum(axis=0), (3,)), {}, np.float32([1, 2**-24, 2**-24]), [EXACT, BITS])
    assert "±1" in text(*output_tables(apart))


def test_long_outputs_are_cut_and_the_rest_is_counted() -> None:
    graph = fpsem.trace(lambda x: x + 1, (40,))
    (table,) = output_tables(compare(graph, {}, np.ones(40, np.float32), [BITS]))
    assert table.row_count == 33
    assert "... 8 more" in text(table)


def test_every_output_has_a_table() -> None:
    graph = fpsem.trace(lambda x: (x + 1, x * x), (2,))
    assert len(output_tables(compare(graph, {}, np.ones(2, np.float32), [BITS]))) == 2


def test_a_domain_without_a_reading_has_no_column_of_values() -> None:
    (table,) = output_tables(nan_in(EXACT, BITS, MACHINE))
    assert [str(column.header) for column in table.columns] == ["element", "ieee32", "numpy_float32"]
    assert "distance from ieee32" in str(table.title)


def test_where_no_domain_has_a_reading_there_is_no_table() -> None:
    assert output_tables(nan_in(EXACT)) == []


def test_the_node_table_leaves_out_the_reference_and_counts_what_is_not_finite() -> None:
    table = node_table(nan_in(EXACT, BITS, MACHINE))
    assert [str(column.header) for column in table.columns] == ["node", "op", "shape", "real", "numpy_float32"]
    assert "0 [1]" in text(table)


def test_a_graph_is_listed_node_by_node_with_its_outputs() -> None:
    table = graph_table(GRAPH, {})
    assert table.row_count == len(GRAPH.nodes)
    assert "-> output" in text(table)


def test_the_ledger_shows_the_evidence_found_in_place_of_the_kind() -> None:
    claim = Claim("a-claim", "One is one.", ("real", "real"), "everywhere", Status.TESTED)
    assert "TESTED" in text(claims_table([claim], Checked({}, {})))
    found = Evidence(Status.TESTED, cases=1234, failures=("at 0",), detail="by hand")
    shown = text(claims_table([claim], Checked({"a-claim": found}, {})))
    assert "fpsem claims --check" in shown
    assert "TESTED 1,234, FAILED 1" in shown
    assert "by hand" in shown


def test_facts_are_two_columns() -> None:
    assert facts_table({"code": "0x0", "class": "positiveZero"}).row_count == 2


def test_markup_in_names_is_shown_as_it_is() -> None:
    hostile = "[/bold]x"
    graph = fpsem.trace(lambda x: {hostile: x + 1}, (1,))
    found = compare(graph, {}, np.ones(1, np.float32), [BITS])
    for shown in (facts_table({"name": hostile}), graph_table(graph, {}), *output_tables(found)):
        assert "[/bold]x" in text(shown).replace("\n", "")
