"""Questions to solvers: what intervals, lemmas and a portfolio gain on single solvers; writes reports/smt.md.

    python benchmarks/smt.py [--quick] [--seconds 60]

Every solver runs in fresh processes and each question has LIMIT seconds unless told otherwise; times below BRIEF seconds are
medians of RUNS interleaved runs. Before each row it waits until other programs leave the processors alone, up to PATIENCE
seconds in all. Exit code 1 where an answer is not the known one; times are told beside the bars and decide nothing. With --quick,
which takes the small questions once and gives each QUICK seconds, nothing is written.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smt_cases import Asked, Ready, digits, dot, elementary, encoded, monotone_relu, networks, rewrites, texts

from fpsem.core.verdict import Proved, Refuted, Verdict
from fpsem.progress import progress_bar
from fpsem.report.written import table, write_report
from fpsem.smt.portfolio import Limits, ask, installed
from fpsem.smt.query import Effort
from fpsem.smt.solver import title
from fpsem.smt.splitting import split

REPORT = Path(__file__).parents[1] / "reports" / "smt.md"
LIMIT, QUICK, BRIEF, RUNS = 60.0, 10.0, 2.0, 3
PATIENCE, ALONE = 300.0, 0.2
"""Seconds of waiting in all, and how much of a core other programs may use."""
RATIO, MANY, IN_TIME, GIBIBYTES = 1.3, 64, 10.0, 4
"""The bars: portfolio beside the best single solver; so many terms in so many seconds; memory."""
SAYS = {"unsat": "proved", "sat": "refuted", "unknown": "unknown"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """How much is asked: the limit of a question, the number of runs, and whether the long questions are left out."""

    seconds: float
    runs: int
    quick: bool


@dataclass
class Machine:
    """What other programs do with the processors meanwhile; on Linux, elsewhere nothing is known."""

    left: float = PATIENCE
    since: tuple[float, float] = field(default_factory=lambda: _foreign())

    def wait(self) -> None:
        """Until others are quiet for a while, as long as there is patience left; then the count of their use begins anew."""
        while self.left > 0 and sys.platform == "linux":
            self.since, start = _foreign(), time.monotonic()
            time.sleep(0.3)
            if self.others < ALONE:
                break
            time.sleep(1)
            self.left -= time.monotonic() - start
        self.since = _foreign()

    @property
    def others(self) -> float:
        """How many cores other programs have used since."""
        (used, now), (before, then) = _foreign(), self.since
        return max(0.0, (used - before) / max(now - then, 1e-9))


def _foreign() -> tuple[float, float]:
    """Processor seconds that other programs have used, and the time."""
    if sys.platform != "linux":
        return 0.0, time.monotonic()
    user, nice, system = (int(n) for n in Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4]), time.monotonic()


@dataclass(frozen=True)
class Timed:
    """What was said, by whom, and the seconds."""

    said: str
    by: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.3g}" if self.said != "unknown" else f"none in {self.seconds:.3g}"


Way = Callable[[], tuple[str, str]]


def timed(ways: Mapping[str, Way], runs: int) -> dict[str, Timed]:
    """Each way once, and those that are brief in turn until each has had its runs; median seconds, the first answer."""
    seen: dict[str, list[float]] = {name: [] for name in ways}
    said: dict[str, tuple[str, str]] = {}
    for round in range(runs):
        for name, way in ways.items():
            if round and seen[name][0] > BRIEF:
                continue
            start = time.perf_counter()
            answer = way()
            seen[name].append(time.perf_counter() - start)
            said.setdefault(name, answer)
    return {name: Timed(*said[name], statistics.median(times)) for name, times in seen.items()}


def by_solvers(case: Asked, lemmas: bool, seconds: float, solvers: tuple[str, ...] = ()) -> Way:
    """Solvers on the question's text, which is written within the time that is measured."""

    def way() -> tuple[str, str]:
        answer = ask(encoded(case, lemmas), solvers, Limits(seconds))
        return SAYS[answer.status], answer.solver.split()[0] if answer.status != "unknown" else ""

    return way


def by_splitting(case: Asked, seconds: float) -> Way:
    """Intervals alone, on boxes that are cut."""

    def way() -> tuple[str, str]:
        found = split(case.question, case.box.lo, case.box.hi, seconds, 1 << 40)
        said = "refuted" if found.witness is not None else "unknown" if len(found.lo) else "proved"
        return said, f"{found.looked_at} boxes"

    return way


def by_all(case: Asked, seconds: float) -> Way:
    """All that a question is decided by."""
    return by_verdict(case.decide, Effort(seconds))


def by_verdict(decide: Callable[[Effort], Verdict], effort: Effort) -> Way:
    """A ready question."""

    def way() -> tuple[str, str]:
        match decide(effort):
            case Proved(by):
                return "proved", by
            case Refuted(by=by):
                return "refuted", by
            case _:
                return "unknown", ""

    return way


def wrong(answer: str, *found: Timed) -> str:
    """A mark where an answer is not the known one, or two contradict each other."""
    said = {timed.said for timed in found} - {"unknown"}
    return "WRONG" if len(said | ({answer} if answer else set())) > 1 else ""


def dots(machine: Machine, settings: Settings) -> Iterator[Row]:
    """Dot products: single solvers, the portfolio, lemmas and all."""
    for terms in (2, 4) if settings.quick else (2, 4, 8, 16):
        for case in dot(terms):
            machine.wait()
            single = {name: by_solvers(case, False, settings.seconds, (name,)) for name in installed()}
            ways = {**single, "portfolio": by_solvers(case, False, settings.seconds)}
            ways |= {"lemmas": by_solvers(case, True, settings.seconds), "all": by_all(case, settings.seconds)}
            found = timed(ways, settings.runs)
            best = min((found[name].seconds for name in single if found[name].said != "unknown"), default=settings.seconds)
            ratio = found["portfolio"].seconds / best
            yield {
                "question": case.name,
                "answer": found["all"].said,
                **{name: str(found[name]) for name in single},
                "portfolio": f"{found['portfolio']} ({found['portfolio'].by})",
                "portfolio / best": f"{ratio:.2f}",
                f"at most {RATIO}": "yes" if ratio <= RATIO else "no",
                "with lemmas": f"{found['lemmas']} ({found['lemmas'].by})",
                "best / with lemmas": f"{best / found['lemmas'].seconds:.1f}",
                "all": str(found["all"]),
                "wrong": wrong(case.answer, *found.values()),
                "others": f"{machine.others:.1f}",
            }


def many(machine: Machine, settings: Settings) -> Iterator[Row]:
    """Dot products of many terms."""
    for case in dot(MANY):
        machine.wait()
        ways = {"lemmas": by_solvers(case, True, settings.seconds), "all": by_all(case, settings.seconds)}
        found = timed(ways, settings.runs)
        yield {
            "question": case.name,
            "answer": found["all"].said,
            "solvers with lemmas": f"{found['lemmas']} ({found['lemmas'].by})",
            "all": f"{found['all']} ({found['all'].by})",
            f"all in {IN_TIME:g} s": "yes" if found["all"].seconds < IN_TIME and found["all"].said != "unknown" else "no",
            "wrong": wrong(case.answer, *found.values()),
        }


def nets(machine: Machine, settings: Settings) -> Iterator[Row]:
    """Margins of small networks where one pass of intervals does not tell."""
    radii = ("1.2 sound", "between", "1.1 broken", "2 broken")
    for widths, seeds in (((2, 8, 1), (1,)), ((8, 8, 2), (0,))):
        for case in (case for seed in seeds for case in networks(widths, seed, radii)):
            machine.wait()
            ways = {"cut": by_splitting(case, settings.seconds), "all": by_all(case, settings.seconds)}
            ways |= {} if settings.quick else {"lemmas": by_solvers(case, True, settings.seconds)}
            found = timed(ways, 1)
            yield {
                "network, radius": case.name,
                "answer": found["all"].said,
                "intervals": f"{found['cut']} ({found['cut'].by})",
                "solvers with lemmas": f"{found['lemmas']} {found['lemmas'].by}" if "lemmas" in found else "",
                "all": f"{found['all']} ({found['all'].by})",
                f"all in {settings.seconds:g} s": "no" if found["all"].said == "unknown" else "yes",
                "wrong": wrong(case.answer, *found.values()),
            }


def ready(cases: Iterable[Ready], machine: Machine, settings: Settings, without: bool = False) -> Iterator[Row]:
    """Ready questions; each also without intervals where that is asked for."""
    for case in cases:
        machine.wait()
        ways = {"all": by_verdict(case.decide, Effort(settings.seconds))}
        ways |= {"without": by_verdict(case.decide, Effort(settings.seconds, bounds=False))} if without else {}
        found = timed(ways, settings.runs)
        row = {
            "question": case.name,
            "answer": found["all"].said,
            "by": found["all"].by,
            "seconds": str(found["all"]),
            "wrong": wrong(case.answer, *found.values()),
        }
        yield {**row, "without intervals": f"{found['without']} ({found['without'].by})"} if without else row


def monotone(settings: Settings) -> Iterator[Row]:
    """A theorem for which solvers find no proof."""
    case = monotone_relu()
    ways = {"direction of every step": by_verdict(case.decide, Effort(settings.seconds))}
    for name in () if settings.quick else installed():
        ways[name] = by_verdict(case.decide, Effort(settings.seconds, solvers=(name,), bounds=False))
    for name, found in timed(ways, RUNS).items():
        took = f"{1000 * found.seconds:.2g} ms" if found.seconds < 0.1 else f"{found.seconds:.3g} s"
        yield {"question": case.name, "asked": name, "answer": found.said, "in": took, "wrong": wrong(case.answer, found)}


def lemmas(machine: Machine, settings: Settings) -> Iterator[Row]:
    """Whether lemmas help the portfolio."""
    for case in texts():
        machine.wait()
        ways = {which: by_solvers(case, which == "lemmas", settings.seconds) for which in ("raw", "lemmas")}
        found = timed(ways, settings.runs)
        yield {
            "question": case.name,
            "answer": found["lemmas"].said,
            "raw": f"{found['raw']} {found['raw'].by}",
            "with lemmas": f"{found['lemmas']} {found['lemmas'].by}",
            "raw / with lemmas": f"{found['raw'].seconds / found['lemmas'].seconds:.2f}",
            "wrong": wrong(case.answer, *found.values()),
        }


def memory() -> tuple[float, float]:
    """The most of this process and of any one child, in GiB."""
    unit = 1 << 20 if sys.platform == "linux" else 1 << 30
    own, child = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own, child


def closing(start: float, first: tuple[float, float], load: tuple[float, ...], sections: Mapping[str, list[Row]]) -> list[str]:
    """What is said under the first table."""
    own, child = memory()
    most, (used, then) = own + len(installed()) * child, _foreign()
    ratios = [float(row["portfolio / best"]) for row in sections["Dot products"]]
    good = sum(ratio <= RATIO for ratio in ratios)
    return [
        f"Solvers: {', '.join(map(title, installed()))}; {os.cpu_count()} cores; seconds unless said otherwise.",
        "A solver's name: that solver alone on the raw text; portfolio: all on the same; with lemmas: all, told the ranges of "
        "nodes; all: the whole decision, which asks corners and intervals first. Starting processes and writing the text count.",
        f"Portfolio / best single solver: median {statistics.median(ratios):.2f}, greatest {max(ratios):.2f}; the bar of {RATIO} "
        f"is met on {good} of {len(ratios)} rows. Which solver is the best is known only afterwards.",
        f"others: cores that other programs used during the row; in the whole run {(used - first[0]) / (then - first[1]):.2f} of "
        f"{os.cpu_count()}. Load at the start {load[0]:.1f}, at the end {os.getloadavg()[0]:.1f}; a run of "
        f"{(time.monotonic() - start) / 60:.0f} min.",
        f"Memory: this process {own:.2f} GiB at most, the largest child {child:.2f} GiB; were there so large a one for each of "
        f"{len(installed())} solvers at once, {most:.2f} GiB in all, an upper estimate; the bar of {GIBIBYTES} GiB is "
        f"{'met' if most <= GIBIBYTES else 'NOT met'}.",
        "sound: the largest radius, about, at which one pass of intervals proves; broken: the least at which a random attack "
        "succeeds; between: their geometric mean. refuted means a witness that was replayed, in columns of solvers sat alone.",
    ]


def main() -> None:
    """Ask all, write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small questions, once each; writes nothing")
    parser.add_argument("--seconds", type=float, default=LIMIT, help="how long a question may take")
    arguments = parser.parse_args()
    quick = arguments.quick
    settings = Settings(QUICK, 1, True) if quick else Settings(arguments.seconds, RUNS, False)
    machine, start, first, load = Machine(0.0 if quick else PATIENCE), time.monotonic(), _foreign(), os.getloadavg()
    labels = (0, 2) if quick else (0, 1, 2, 3, 4)
    plan: dict[str, Iterator[Row]] = {
        "Dot products": dots(machine, settings),
        f"Dot products of {MANY} terms": many(machine, settings),
        "Networks: does the margin keep its sign?": nets(machine, settings),
        "Digits: the class, four pixels anything from black to white": ready(digits(labels), machine, settings),
        "Monotonicity": monotone(settings),
        "Ready questions": ready(rewrites(), machine, settings),
        "Elementary functions": ready(elementary(), machine, settings, without=True),
        "What lemmas do for the portfolio": lemmas(machine, settings),
    }
    sections: dict[str, list[Row]] = {}
    with progress_bar("asking", len(plan)) as advance:
        for name, rows in plan.items():
            advance(name)
            sections[name] = list(rows)
            print("\n".join([f"## {name}", "", *table(sections[name]), ""]), flush=True)
    notes = [f"Each question has {settings.seconds:g} s.", *closing(start, first, load, sections)]
    print("\n".join(notes))
    if not quick:
        told, *others = sections
        below = ["\n".join([f"## {name}", "", *table(sections[name])]) for name in others]
        command = "python benchmarks/smt.py" + ("" if settings.seconds == LIMIT else f" --seconds {settings.seconds:g}")
        write_report(REPORT, "Questions to solvers", command, sections[told], [*notes, *below])
    sys.exit(any(row["wrong"] for rows in sections.values() for row in rows))


if __name__ == "__main__":
    main()
