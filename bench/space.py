"""How long places and proximity take at a million crashes and three thousand signals.

A warehouse of generated data is synced, then its staged crashes are multiplied: each copy lies up
to 1 000 ft beside the crash that it is of. The models' own SQL is timed, as dbt builds them anew.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from flows.sync import sync
from warehouse.connection import connect, dbt_environment, spatial_extension
from warehouse.settings import DBT_PROJECT, TARGETS, Target

CRASHES, SIGNALS, CALLS = 1_000_000, 3_000, 200
FIRST_CRASHES = 20_000
MODELS = ("int_crashes_near_features", "int_nearest_signals", "int_crash_places")
# Where calls ask: a crash of the marts, so that there is something near.
FUNCTIONS = {
    "crashes_near_point": "crashes_near_point({lon}, {lat}, 1000, null, null)",
    "location_report": "location_report({lon}, {lat}, 1000, date '2020-01-01', null)",
    "before_after": "before_after({lon}, {lat}, 1000, date '2021-06-15', 3)",
    "place_report of a beat": "place_report('police_beats', '{beat}', null, null)",
    "crashes_near_signals_within of a signal": (
        "crashes_near_signals_within(304.8) where signal_id = '{signal}'"
    ),
}


def main(crashes: int = CRASHES, target: Target | None = None) -> None:
    """Measure on one target or both, and print a line a figure."""
    for each in (target,) if target else TARGETS:
        for what, figure in measured(each, crashes):
            sys.stdout.write(f"{each:8} {what:50} {figure}\n")
            sys.stdout.flush()


def measured(target: Target, crashes: int) -> Iterator[tuple[str, str]]:
    """What was measured, and the figure."""
    with warehouse_of_its_own(target):
        sync(target=target, sample=True, sample_crashes=FIRST_CRASHES)
        multiply(target, crashes)
        for model in MODELS:
            seconds = statistics.median(built(target, model) for _ in range(3))
            yield f"{model} of {crashes:,} crashes", f"{seconds:.2f} s"
        built(target, "crashes", "crashes_daily")
        if target == "postgis":
            with connect(target) as connection:
                connection.execute("analyze")
        for name, call in FUNCTIONS.items():
            times = sorted(_calls(target, call))
            p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
            yield f"{name}, p50 and p95", f"{1000 * p50:.0f} ms {1000 * p95:.0f} ms"


@contextmanager
def warehouse_of_its_own(target: Target) -> Iterator[None]:
    """An empty warehouse: a file of its own, or the database that PG* names."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DBT_TARGET_PATH"] = str(Path(folder, "target"))
        if target == "duckdb":
            os.environ["WAREHOUSE_DUCKDB_PATH"] = str(Path(folder, "warehouse.duckdb"))
        yield


def multiply(target: Target, crashes: int) -> None:
    """Multiply a synced warehouse's staged crashes, each copy near its own, and its signals."""
    copies = crashes // FIRST_CRASHES - 1
    with connect(target) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        columns = [
            str(row["name"])
            for row in connection.fetch(
                "select column_name as name from information_schema.columns where table_schema ="
                " 'staging' and table_name = 'stg_crashes' order by ordinal_position"
            ).to_pylist()
        ]
        x, y = (f"(random() - 0.5) * {2_000 / feet}" for feet in (275_000, 364_000))
        moved = {
            "crash_record_id": "crash_record_id || ' ' || copy",
            "longitude": f"longitude + {x}",
            "latitude": f"latitude + {y}",
        }
        inner = ", ".join(f"{moved.get(name, name)} as {name}" for name in columns)
        point = (
            "st_setcrs(st_transform(st_point(longitude, latitude), 'EPSG:4326', 'EPSG:3435',"
            " always_xy := true), 'EPSG:3435')"
            if target == "duckdb"
            else "st_transform(st_setsrid(st_makepoint(longitude, latitude), 4326), 3435)"
        )
        outer = ", ".join(point if name == "geom" else name for name in columns)
        connection.execute(
            f"insert into staging.stg_crashes ({', '.join(columns)}) select {outer} from (select"
            f" {inner} from staging.stg_crashes cross join generate_series(1, {copies}) as n (copy)"
            " where latitude is not null) as moved"
        )
        moved_by = (
            "st_setcrs(st_point(st_x(geom) + 190 * copy, st_y(geom) + 170 * copy), 'EPSG:3435')"
            if target == "duckdb"
            else "st_translate(geom, 190 * copy, 170 * copy)"
        )
        connection.execute(
            "create temp table signals as select layer, feature_id || ' ' || copy as feature_id,"
            f" label, longitude, latitude, {moved_by} as geom, geom_4326"
            " from marts.point_features cross join generate_series(0, 3) as n (copy)"
            " where layer = 'traffic_signals' order by copy, feature_id limit $1",
            (SIGNALS,),
        )
        connection.execute("delete from marts.point_features")
        connection.execute("insert into marts.point_features select * from signals")
        if target == "postgis":
            connection.execute("analyze")


def built(target: Target, *models: str) -> float:
    """The seconds that dbt says the models took, each built anew."""
    for name, value in dbt_environment(target).items():
        os.environ[name] = value
    call = ["--quiet", "run", "--full-refresh", "--target", target, "--select", *models]
    outcome: Any = dbtRunner().invoke([*call, "--project-dir", str(DBT_PROJECT)])
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not outcome.success:
        raise SystemExit(f"dbt: {outcome.exception or outcome.result.results}")
    return sum(float(result.execution_time) for result in outcome.result.results)


def _calls(target: Target, call: str) -> Iterator[float]:
    """The seconds of each of some calls, at crashes that are drawn."""
    with connect(target, read_only=True) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        places = connection.fetch(
            "select longitude as lon, latitude as lat, police_beat as beat,"
            " nearest_signal_id as signal from marts.crashes where latitude is not null"
            f" and police_beat is not null order by md5(crash_record_id) limit {CALLS}"
        ).to_pylist()
        for place in places:
            started = time.perf_counter()
            connection.fetch(f"select * from marts.{call.format(**place)}")
            yield time.perf_counter() - started


if __name__ == "__main__":
    typer.run(main)
