"""Marts become files: the same from both engines, complete or not there, in little memory."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pandas
import psycopg2
import pyarrow.parquet as pq
import pyogrio
import pytest
from shapely import Polygon, wkt
from shapely.geometry import shape

from serving.export import export
from serving.export_formats import FORMATS
from serving.query import query
from tests.commands import command_here, warehouse_command
from tests.conftest import Filled
from tests.contents import rows, tables
from tests.shared_warehouses import pointing_to
from tests.test_cli import assert_one_line
from warehouse.connection import connect, ensure_ready, spatial_extension
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import TARGETS, Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
every_format = pytest.mark.parametrize("name", FORMATS)
SPATIAL = {"geoparquet", "geojson"}
# Among them they have columns of each kind, points and polygons.
MARTS_WITH_GEOMETRY = ("crashes", "fatalities", "places")
OTHER_MARTS = ("crashes_weekly", "dashboard_metrics")

# What breaks files: each value survives in every format that can say it.
HARD = """
    select
        cast(1 as integer) as id,
        cast(9007199254740993 as bigint) as big,
        cast(0.1 as double precision) as fraction,
        true as flag,
        cast('2024-07-01' as date) as day,
        cast('2024-07-01 17:30:00' as timestamp) as at,
        '=1+1' as formula,
        'a "b", c' || chr(13) || chr(10) || 'é 漢' as quoted,
        '' as empty,
        'https://data.example' as link,
        st_geomfromtext('POINT (1171000 1900000)') as geom,
        st_geomfromtext('POLYGON ((-87 41, -87 42, -88 42, -87 41))') as geom_4326
    union all
    select 2, null, null, null, null, null, null, null, null, null, null, null
"""


def written(target: Target, mart: str, name: str, folder: Path) -> Path:
    [file] = export(target, [mart], name, folder)
    assert list(folder.glob(".*")) == []
    assert file.size == file.path.stat().st_size
    return file.path


@contextmanager
def with_marts(target: Target, **marts: str) -> Iterator[None]:
    """A warehouse with marts of these queries and nothing else."""
    ensure_ready(target)
    with connect(target) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
        connection.execute("create schema marts")
        for name, sql in marts.items():
            connection.execute(f"create table marts.{name} as {sql}")
    yield


def read(path: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file, as a library that people use reads them."""
    if name == "csv":
        # Of numpy's types, integers beside nulls would be rounded.
        frame = pandas.read_csv(
            path, keep_default_na=False, na_values=[""], dtype_backend="pyarrow"
        )
        return [
            {str(key): None if value is pandas.NA else value for key, value in row.items()}
            for row in frame.to_dict("records")
        ]
    if name == "json":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if name == "geojson":
        features = json.loads(path.read_text())["features"]
        return [feature["properties"] | {"geom_4326": feature["geometry"]} for feature in features]
    if name == "xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        lines = [
            line
            for sheet in book.worksheets[:-1]
            for line in sheet.iter_rows(min_row=2, values_only=True)
        ]
        header = next(book.worksheets[0].iter_rows(max_row=1, values_only=True))
        return [dict(zip(header, line, strict=True)) for line in lines]
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


@every_format
def test_both_engines_give_equal_files(name: str, built_once: Filled, tmp_path: Path) -> None:
    marts = MARTS_WITH_GEOMETRY if name in SPATIAL else (*MARTS_WITH_GEOMETRY, *OTHER_MARTS)
    found: dict[str, dict[str, list[str]]] = {}
    for target in TARGETS:
        with pointing_to(target, built_once(target)):
            files = list(export(target, list(marts), name, tmp_path / target))
            for mart, file in zip(marts, files, strict=True):
                assert [{"n": file.rows}] == rows(target, f"select count(*) as n from marts.{mart}")
        found[target] = {
            mart: sorted(map(comparable, read(file.path, name)))
            for mart, file in zip(marts, files, strict=True)
        }
    for mart, of_duckdb in found["duckdb"].items():
        assert len(of_duckdb) > 10
        assert of_duckdb == found["postgis"][mart], mart


def test_every_mart_becomes_a_file(built: Target, tmp_path: Path) -> None:
    marts = tables(built, "marts", "quality")
    files = list(export(built, marts, "parquet", tmp_path))
    for mart, file in zip(marts, files, strict=True):
        assert [{"n": file.rows}] == rows(built, f"select count(*) as n from {mart}")
        assert pq.read_metadata(file.path).num_rows == file.rows


def comparable(row: dict[str, Any]) -> str:
    """A row as text in which equal values are equal; geometry by its place to a millimetre."""
    return str({name: _comparable(name, value) for name, value in row.items()})


def _comparable(name: str, value: Any) -> Any:
    if name in ("first_seen_at", "last_amended_at"):
        return value is None  # of the run, of which each engine has its own
    if value is None or not name.startswith("geom"):
        return round(value, 4) if isinstance(value, float) else value
    if isinstance(value, dict):
        geometry = shape(value)
    elif isinstance(value, bytes):
        geometry = geopandas.GeoSeries.from_wkb([value])[0]
    else:
        geometry = wkt.loads(value)
    in_degrees = geometry.bounds[0] < 0
    bounds = [round(number, 7 if in_degrees else 2) for number in geometry.bounds]
    return f"{geometry.geom_type} {bounds} {geometry.area:.5g}"


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in SPATIAL])
def test_hard_values_survive(name: str, warehouse: Target, tmp_path: Path) -> None:
    with with_marts(warehouse, hard=HARD):
        path = written(warehouse, "hard", name, tmp_path)
    first, second = sorted(read(path, name), key=lambda row: row["id"])
    assert first["id"] == 1
    assert first["fraction"] == 0.1
    assert first["flag"] is True
    assert first["formula"] == "=1+1"
    assert first["link"] == "https://data.example"
    assert first["quoted"].replace("_x000D_", "\r") == 'a "b", c\r\né 漢'
    texts = {"csv": "2024-07-01 17:30:00", "json": "2024-07-01T17:30:00"}
    assert first["at"] == texts.get(name, datetime(2024, 7, 1, 17, 30))
    if name == "xlsx":
        assert first["big"] == "9007199254740993"
        assert first["day"] == datetime(2024, 7, 1)
    else:
        assert first["big"] == 9007199254740993
        assert first["day"] in ("2024-07-01", date(2024, 7, 1))
    if name in ("json", "parquet"):
        assert first["empty"] == ""
    if name == "csv":
        # Null is nothing between two commas, the empty text two quotation marks.
        assert ',"",' in path.read_text()
        assert path.read_text().splitlines()[-1] == "2" + "," * 11
    assert all(value is None for column, value in second.items() if column != "id")


def test_geoparquet_states_both_references(warehouse: Target, tmp_path: Path) -> None:
    with with_marts(warehouse, hard=HARD):
        path = written(warehouse, "hard", "geoparquet", tmp_path)
    frame = geopandas.read_parquet(path)
    assert frame.geometry.name == "geom_4326"
    assert (frame.crs.to_epsg(), frame["geom"].crs.to_epsg()) == (4326, 3435)
    assert frame.geometry.iloc[0].bounds == (-88, 41, -87, 42)
    assert frame.geometry.isna().tolist() == [False, True]
    # The bounds and the kind of geometry are stated, so that QGIS need not look through it.
    [geo] = [json.loads(pq.read_metadata(path).metadata[b"geo"])]
    assert geo["columns"]["geom"]["geometry_types"] == ["Point"]
    assert geo["columns"]["geom_4326"]["bbox"] == [-88, 41, -87, 42]


@pytest.mark.parametrize("condition", ["id = 2", "id = 3"])
def test_geoparquet_without_any_geometry_is_valid(
    condition: str, warehouse: Target, tmp_path: Path
) -> None:
    with with_marts(warehouse, hard=f"select * from ({HARD}) as h where {condition}"):
        path = written(warehouse, "hard", "geoparquet", tmp_path)
    frame = geopandas.read_parquet(path)
    assert len(frame) == (condition == "id = 2")
    assert (frame.geometry.name, frame.crs.to_epsg()) == ("geom_4326", 4326)
    assert frame["geom"].crs.to_epsg() == 3435


def test_geojson_is_as_the_rfc_has_it(warehouse: Target, tmp_path: Path) -> None:
    with with_marts(warehouse, hard=HARD, none=f"select * from ({HARD}) as h where id = 3"):
        path = written(warehouse, "hard", "geojson", tmp_path)
        empty = written(warehouse, "none", "geojson", tmp_path)
    assert json.loads(empty.read_text()) == {"type": "FeatureCollection", "features": []}
    collection = json.loads(path.read_text())
    assert set(collection) == {"type", "features"}
    first, second = collection["features"]
    assert set(first) == {"type", "geometry", "properties"}
    ring = Polygon(first["geometry"]["coordinates"][0]).exterior
    assert ring.is_ccw
    assert "geom" not in first["properties"]
    assert first["properties"]["at"] == "2024-07-01T17:30:00"
    assert first["properties"]["big"] == 9007199254740993
    assert second["geometry"] is None
    # GDAL reads it, and so do QGIS and GeoPandas.
    assert pyogrio.read_info(path)["crs"] == "EPSG:4326"
    assert len(geopandas.read_file(path)) == 2


def test_a_workbook_has_types_and_a_sheet_of_descriptions(built: Target, tmp_path: Path) -> None:
    path = written(built, "crashes_daily", "xlsx", tmp_path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["crashes_daily", "columns"]
    sheet = book["crashes_daily"]
    assert sheet["A1"].value == "crash_date"
    assert (sheet["A2"].is_date, sheet["A2"].number_format) == (True, "yyyy-mm-dd")
    assert sheet["B2"].data_type == "n"
    described = list(book["columns"].iter_rows(values_only=True))
    assert described[1][0] == "marts.crashes_daily"
    assert described[1][2].startswith("One row is")
    assert [line[0] for line in described[2:]] == [cell.value for cell in sheet[1]]
    assert all("null" in line[2].lower() for line in described[2:])


@on_duckdb
def test_a_workbook_goes_on_in_further_sheets(
    warehouse: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.xlsx.ROWS_A_SHEET", 2)
    with with_marts(warehouse, many="select i as id from generate_series(1, 5) as t(i)"):
        path = written(warehouse, "many", "xlsx", tmp_path)
    assert openpyxl.load_workbook(path).sheetnames == ["many", "many 2", "many 3", "columns"]
    assert [row["id"] for row in read(path, "xlsx")] == [1, 2, 3, 4, 5]


@on_duckdb
def test_a_text_too_long_for_a_cell_is_no_file(warehouse: Target, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with with_marts(warehouse, wide="select repeat('a', 32768) as text"):
        answer = command_here("export", "wide", "--format", "xlsx", "--out", str(out))
    assert_one_line(answer, 1, "column text of row 1", "32,767", "csv")
    assert list(out.iterdir()) == []


def test_several_marts_a_line_each_into_a_new_folder(built: Target, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    answer = warehouse_command(
        *("export", "crashes_daily", "marts.places", "cleaning_rules", "crashes_near_signals"),
        *("--format", "csv", "--out", str(out), "--target", built),
    )
    assert answer.returncode == 0, answer.stderr
    names = ["crashes_daily", "places", "cleaning_rules", "crashes_near_signals"]
    lines = answer.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(out / f"{name}.csv") for name in names]
    days = rows(built, "select count(*) as n from marts.crashes_daily")[0]["n"]
    assert f": {days:,} rows, " in lines[0]
    assert sorted(file.name for file in out.iterdir()) == sorted(f"{name}.csv" for name in names)


def test_a_wrong_call_says_what_there_is(built: Target, tmp_path: Path) -> None:
    to = ("--out", str(tmp_path / "out"), "--target", built)
    unknown = command_here("export", "crashes", "crashs", "--format", "csv", *to)
    assert_one_line(unknown, 2, "'crashs'", "crashes_daily, ", "quality.cleaning_log")
    assert "location_report" not in unknown.stderr
    other_format = command_here("export", "crashes", "--format", "dbf", *to)
    assert_one_line(other_format, 2, "'dbf'", "parquet, geoparquet, csv, xlsx, json, geojson")
    for name in SPATIAL:
        flat = command_here("export", "places", "crashes_daily", "--format", name, *to)
        assert_one_line(flat, 2, "marts.crashes_daily", "no geometry", "parquet, csv, xlsx, json")
    assert not (tmp_path / "out").exists()


@on_duckdb
def test_a_place_that_cannot_be_written_is_named(built: Target, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "out", Path("/proc/out")):
        answer = command_here("export", "places", "--format", "csv", "--out", str(out))
        assert_one_line(answer, 1, "marts.places", str(out), "no file was written")
    taken = tmp_path / "places.csv"
    taken.mkdir()
    answer = command_here("export", "places", "--format", "csv", "--out", str(tmp_path))
    assert_one_line(answer, 1, str(taken), "Is a directory")
    answer = command_here("export", "places", "--format", "csv", "--out", str(tmp_path / "file"))
    assert_one_line(answer, 1, f"{tmp_path / 'file'} is no folder")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "places.csv"]


@every_format
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    name: str, built: Target, tmp_path: Path
) -> None:
    old = tmp_path / f"crashes{FORMATS[name].suffix}"
    old.write_text("as it was")
    program = Path(sys.executable).with_name("warehouse")
    # No file may have more than 100 kB, which the system says like a disk that is full.
    answer = subprocess.run(
        [program, *_exporting(name, tmp_path, built)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert_one_line(answer, 1, "marts.crashes", str(old), "File too large", "no file was written")
    assert old.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [old]


def _exporting(name: str, folder: Path, target: Target) -> list[str]:
    return ["export", "crashes", "--format", name, "--out", str(folder), "--target", target]


MANY = """
    select
        i as id, 'crash ' || i as name, repeat('x', 400) as text, i * 0.5 as number,
        st_point(-87.0, 41.0) as geom_4326
    from generate_series(1, 200000) as t(i)
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mart of 200 000 rows of half a kilobyte."""
    path = str(tmp_path_factory.mktemp("many") / "warehouse.duckdb")
    with pointing_to("duckdb", path), with_marts("duckdb", crashes=MANY):
        yield path


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "xlsx"])
@pytest.mark.usefixtures("many")
def test_rows_are_never_all_in_memory(name: str, tmp_path: Path) -> None:
    code = (
        "import re; from pathlib import Path; from serving.export import export;"
        f"[file] = export('duckdb', ['crashes'], {name!r}, Path({str(tmp_path)!r}));"
        # The system's own count begins with what the parent had.
        "status = Path('/proc/self/status').read_text();"
        "print(file.rows, re.search(r'VmHWM:\\s+(\\d+)', status)[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    assert count == 200_000
    # It takes 150 to 210 MB; the rows, all in memory, would be 100 MB more.
    assert kilobytes < 250_000


def wait_for_part(folder: Path) -> None:
    """Until an export writes into a folder."""
    until = time.monotonic() + 60
    while all(file.name == "lock" for file in folder.glob(".*/*")):
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["csv", "xlsx"])
@pytest.mark.usefixtures("many")
def test_an_interrupted_export_leaves_nothing(
    name: str, ending: signal.Signals, tmp_path: Path
) -> None:
    program = Path(sys.executable).with_name("warehouse")
    run = subprocess.Popen(
        [program, *_exporting(name, tmp_path, "duckdb")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_part(tmp_path)
    run.send_signal(ending)
    output, errors = run.communicate(timeout=30)
    assert (run.returncode, output) == (1, ""), errors
    assert errors == "warehouse: interrupted: of the file that was begun nothing is left\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("many")
def test_what_a_killed_export_left_goes_with_the_next_and_not_with_one_beside_it(
    tmp_path: Path,
) -> None:
    program = Path(sys.executable).with_name("warehouse")
    run = subprocess.Popen([program, *_exporting("csv", tmp_path, "duckdb")])
    wait_for_part(tmp_path)
    # It lives, and does not come to its end before the others, however busy the machine.
    run.send_signal(signal.SIGSTOP)
    with pointing_to("duckdb", str(tmp_path / "other.duckdb")), with_marts("duckdb", crashes=HARD):
        [file] = export("duckdb", ["crashes"], "csv", tmp_path)
        assert len(list(tmp_path.glob(".crashes.csv-*"))) == 1
        run.kill()
        run.wait(30)
        assert len(list(tmp_path.glob(".crashes.csv-*"))) == 1
        list(export("duckdb", ["crashes"], "CSV", tmp_path))
    assert list(tmp_path.glob(".*")) == []
    assert file.path.read_text().startswith("id,big,")


@on_duckdb
def test_a_warehouse_in_use_is_said_as_for_any_reader(warehouse: Target, tmp_path: Path) -> None:
    with with_marts(warehouse, one="select 1 as id"), connect(warehouse):
        answer = warehouse_command("export", "one", "--format", "csv", "--out", str(tmp_path / "o"))
    assert_one_line(answer, 1, "another process uses it", f"PID {os.getpid()}")
    assert not (tmp_path / "o").exists()


WRITING = {
    "duckdb": [
        "copy (select 1) to '{file}'",
        "attach '{file}'",
        "call enable_logging(storage = 'file', storage_path = '{file}')",
        "set threads = 1",
        "select 1; drop table marts.crashes",
    ],
    "postgis": [
        "copy (select 1) to '{file}'",
        "/* look */ copy (select 1) to program 'touch {file}'",
        "set session characteristics as transaction read write",
        "set transaction read write",
        "select set_config('transaction_read_only', 'off', false)",
        "do $$ begin drop table marts.crashes; end $$",
        "vacuum",
    ],
}
IN_SQL = [
    "insert into marts.crashes_daily select * from marts.crashes_daily",
    "update marts.crashes_daily set total_crashes = 0",
    "with d as (select 1) delete from marts.crashes_daily",
    "drop table marts.crashes",
    "create table marts.mine as select 1 as n",
]


def test_a_query_that_would_write_is_refused(built: Target) -> None:
    # Where the server's user may write as well.
    file = Path("/tmp") / f"of-a-query-{os.getpid()}"  # noqa: S108
    for sql in (*IN_SQL, *WRITING[built]):
        with pytest.raises(WarehouseError, match="a query may only read"):
            query(built, sql.format(file=file))
    assert not file.exists()


def test_a_query_that_cannot_be_answered_says_what_to_do(built: Target) -> None:
    with pytest.raises(WrongCall, match="one query at a time"):
        query(built, "select 1; select 2")
    with pytest.raises(WarehouseError, match=r"column day has a value .*: cast it to text"):
        query(built, "select date 'infinity' as day")
    if built == "postgis":
        with pytest.raises(WrongCall, match="for EXPLAIN take psql"):
            query(built, "explain select 1")


@on_duckdb
def test_a_reader_that_has_enough_is_no_failure(built: Target) -> None:
    program = Path(sys.executable).with_name("warehouse")
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{program} query 'select * from marts.crashes' | head -1; exit $PIPESTATUS",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("crash_record_id,")


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_functions_that_write_change_nothing(built: Target) -> None:
    with psycopg2.connect("") as session, session.cursor() as cursor:
        cursor.execute("select count(*) from pg_largeobject_metadata")
        before = cursor.fetchone()
        query(built, "select lo_create(0)")
        with pytest.raises(WarehouseError, match="permission denied for function lo_export"):
            query(built, "select lo_export(1, '/tmp/x')")
        cursor.execute("select count(*) from pg_largeobject_metadata")
        assert cursor.fetchone() == before
