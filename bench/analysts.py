"""The example queries, asked by one analyst and by ten at once, by PostgreSQL's own pgbench."""

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.loads import Row
from bench.measuring import run
from warehouse.postgres_programs import program
from warehouse.settings import ROOT

QUERIES = ROOT / "docs" / "queries"
# Of each query, by each number of analysts; drawn by chance, so about.
_CALLS = 200
# What the former service took for crashes near signals, and what all of them should meet.
_FORMER = "the former service's crashes near signals: 47 ms"
_MOST_MS = 50
# Why a figure is missed.
_IN_TURNS = "the analysts and pgbench share the cores, and each waits for the others"


def measured(settings: dict[str, str], calls: int = _CALLS) -> Iterator[Row]:
    """Ask the queries in turns drawn by chance.

    Args:
        settings: PG* of a whole warehouse.
        calls: how often each query is asked, about, as they are drawn by chance.
    """
    queries = sorted(QUERIES.glob("*.sql"))
    for analysts in (1, 10):
        times = _asked(queries, analysts, calls, settings)
        every = [ms for of_query in times.values() for ms in of_query]
        p95 = {name: _percentile(of_query, 95) for name, of_query in times.items()}
        slowest = max(p95, key=lambda name: p95[name])
        several = "" if analysts == 1 else "s at once"
        yield Row(
            f"the {len(queries)} example queries, {analysts} analyst{several}, PostGIS",
            f"p50 {statistics.median(every):.1f} ms, p95 {_percentile(every, 95):.1f} ms",
            f"{_FORMER}; the slowest here, `{slowest}`: p95 {p95[slowest]:.1f} ms",
            None,
            {
                f"p95 under {_MOST_MS} ms": _percentile(every, 95) < _MOST_MS,
                "of each query alone too": p95[slowest] < _MOST_MS,
            },
            _IN_TURNS,
        )


def _asked(
    queries: list[Path], analysts: int, calls: int, settings: dict[str, str]
) -> dict[str, list[float]]:
    """The milliseconds of each call, by query; pgbench logs a line a call."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program("pgbench")), "--no-vacuum", f"--client={analysts}", "--jobs=2"]
        of_each = calls * len(queries) // analysts
        command += [f"--transactions={of_each}", "--log", f"--log-prefix={folder}/calls"]
        run([*command, *(f"--file={query}" for query in queries)], settings)
        times = defaultdict(list)
        for log in Path(folder).iterdir():
            for line in log.read_text().splitlines():
                _client, _call, microseconds, query, *_ = line.split()
                times[queries[int(query)].stem].append(int(microseconds) / 1000)
    return times


def _percentile(times: list[float], share: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
