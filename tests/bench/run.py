"""Measures Trouplet against raw httpx and json doing the same work: ``python tests/bench/run.py [--only NAME …]``.

Every figure is CPU time (user and system) of the client process, as the median of the ratios of pairs of fresh
processes: floor, ours, floor, ours … The server is a process of its own. Wall time plays no part, so that a busy
machine does little harm; the columns "range" and "quiet" (cheapest ours ÷ cheapest floor) say how little.
"""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path
from time import monotonic

import report
from catalogue import SCENARIOS, Scenario
from measurement import BenchError, PairScenario, Row, Server, Skipped


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; the exit code is 1 when a scenario failed, whatever the figures are."""
    options = _parser().parse_args(arguments)
    chosen = [scenario for scenario in SCENARIOS if _is_chosen(scenario, options.only)]
    if options.list:
        print("\n".join([scenario.name for scenario in chosen]))
        return 0
    with Server() as server:
        if options.profile:
            return _profile(chosen, server, options.profile)
        rows, failures = _measure(chosen, server, options.repeat)
    print(report.table(rows))
    print(report.summary(rows))
    if options.json:
        report.write_json(rows, options.json)
    print(*failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="a scenario's name or pattern; may be repeated")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="pairs per scenario (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE as well")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="measure nothing; write a cProfile of ours to DIR")
    parser.add_argument("--list", action="store_true", help="print the names of the scenarios")
    return parser


def _is_chosen(scenario: Scenario, patterns: list[str] | None) -> bool:
    return not patterns or any(fnmatch(scenario.name, pattern) for pattern in patterns)


def _measure(chosen: list[Scenario], server: Server, repeats: int) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    failures: list[str] = []
    for scenario in chosen:
        started = monotonic()
        try:
            rows += scenario.rows(server, repeats)
        except Skipped as reason:
            _progress(f"{scenario.name}: skipped: {reason}")
        except BenchError as error:
            failures.append(f"{scenario.name}: {error}")
        else:
            _progress(f"{scenario.name}: {monotonic() - started:.0f} s")
    return rows, failures


def _profile(chosen: list[Scenario], server: Server, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for scenario in chosen:
        if isinstance(scenario, PairScenario) and not scenario.whole_process:
            path = folder.resolve() / f"{scenario.name}.pstats"
            scenario.read(scenario.ours, server, profile=str(path))
            print(path)
    return 0


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
