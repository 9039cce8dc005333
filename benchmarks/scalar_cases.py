"""A million drawn cases for each primitive: the profile ``nightly`` of the bridges over scalars, counted.

    python benchmarks/scalar_cases.py [--processes N] [--only WORDS] [--report FILE]

Runs tests/bridges/test_scalar_cases.py with pytest, about an hour and a half of one core, and prints for each primitive how many
cases each check looked at and how many checks failed. Ends with status 1 where any did.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from measure import tell

TESTS = Path(__file__).parent.parent / "tests" / "bridges" / "test_scalar_cases.py"


def run(processes: int, only: str, results: Path) -> None:
    """The tests in the long profile, what pytest says of each in a file in JUnit's XML."""
    command = [sys.executable, "-m", "pytest", str(TESTS), "-v", "-p", "no:cacheprovider", f"--junit-xml={results}"]
    command += ["--numprocesses", str(processes), "-k", only] if only else ["--numprocesses", str(processes)]
    subprocess.run(command, env={**os.environ, "HYPOTHESIS_PROFILE": "nightly"}, check=False)


def rows_of(results: Path) -> list[dict[str, str]]:
    """One row for each primitive: cases of each check, failures, seconds of processor time."""
    rows: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        name, check = re.fullmatch(r".*\[(.*)-(.*)\]", case.attrib["name"]).groups()  # type: ignore[union-attr]
        failed = case.find("failure") is not None or case.find("error") is not None
        cases = next((entry.attrib["value"] for entry in case.iter("property") if entry.attrib["name"] == "cases"), "0")
        row = rows.setdefault(name, {"primitive": name, "failed": "0", "seconds": "0"})
        row[check] = "failed" if failed else f"{int(cases):,}"
        row["failed"] = str(int(row["failed"]) + failed)
        row["seconds"] = f"{float(row['seconds']) + float(case.attrib['time']):.0f}"
    checks = sorted({key for row in rows.values() for key in row} - {"primitive", "failed", "seconds"})
    return [{key: row.get(key, "") for key in ("primitive", *checks, "failed", "seconds")} for row in rows.values()]


def main() -> int:
    """Run, count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="pytest's -k: the tests whose names have these words")
    parser.add_argument("--report", type=Path, help="also write a Markdown report to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        run(arguments.processes, arguments.only, results)
        rows = rows_of(results)
    notes = [
        "TESTED: Hypothesis draws the cases, with ties, subnormals, near-overflow and operands beside each other; none is proof.",
        "real in interval: Real within Interval('real'). executed in interval: IEEE32Exec within Interval('binary32'), with "
        "infinities and NaNs. within bound: IEEE32Exec within ErrorBound of Real, of operands exact and with an error.",
    ]
    tell("drawn cases of every primitive", rows, notes, arguments.report, 130)
    return int(any(row["failed"] != "0" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
