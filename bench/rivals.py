"""What a user would do instead of a load: copy a file, take a source's defaults, an ORM's upsert.

Each gives rows a second, of the same crashes, into a table of its own.
"""

import csv
import tempfile
import time
from pathlib import Path

import dlt
import duckdb
import psycopg2
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig
from sqlalchemy import Text, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from ingestion.sample_portal.generator import quoted
from warehouse.connection import dlt_destination
from warehouse.postgis_server import server

_TABLE = "public.copied"
# SODA's own default of `$limit`.
_ROWS_A_PAGE = 1_000


def copied_by_postgresql(file: Path) -> float:
    """`COPY` of a CSV file into a table of texts like raw's, without an index."""
    with psycopg2.connect("") as session, session.cursor() as cursor, file.open() as rows:
        columns = ", ".join(f"{quoted(name)} text" for name in _header(file))
        cursor.execute(f"drop table if exists {_TABLE}")
        cursor.execute(f"create table {_TABLE} ({columns})")
        started = time.perf_counter()
        cursor.copy_expert(f"copy {_TABLE} from stdin (format csv, header)", rows)
        session.commit()
        seconds = time.perf_counter() - started
        count: int = cursor.rowcount
        cursor.execute(f"drop table {_TABLE}")
    return count / seconds


def read_by_duckdb(file: Path) -> float:
    """DuckDB's `read_csv` of a CSV file into a table of texts, in a file of its own."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        started = time.perf_counter()
        with duckdb.connect(Path(folder, "copied.duckdb")) as session:
            [(count,)] = session.execute(
                "create table copied as from read_csv($1, all_varchar = true)", [str(file)]
            ).fetchall()
        return int(count) / (time.perf_counter() - started)


def loaded_by_dlt(address: str, dataset: str, rows: int) -> float:
    """The REST source of dlt with its defaults: pages of JSON, into the same server."""
    config: RESTAPIConfig = {
        "client": {"base_url": address},
        "resources": [
            {
                "name": "rows",
                "endpoint": {
                    "path": f"resource/{dataset}.json",
                    "params": {"$order": ":id"},
                    "paginator": {
                        "type": "offset",
                        "limit": _ROWS_A_PAGE,
                        "offset_param": "$offset",
                        "limit_param": "$limit",
                        "total_path": None,
                        "maximum_offset": rows,
                    },
                },
            }
        ],
    }
    source = rest_api_source(config)
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "rival",
            destination=dlt_destination("postgis"),
            dataset_name="rival",
            pipelines_dir=folder,
        )
        started = time.perf_counter()
        pipeline.run(source)
        seconds = time.perf_counter() - started
        with pipeline.sql_client() as client:
            [(count,)] = client.execute_sql("select count(*) from rows") or [(0,)]
            client.drop_dataset()
    return int(count) / seconds


def merged_by_orm(file: Path, rows: int) -> float:
    """SQLAlchemy's `merge` of one object a row, committed together at the end."""
    there = server()
    url = URL.create(
        "postgresql+psycopg2", there.user, there.password, there.host, there.port, there.database
    )

    class Base(DeclarativeBase):
        pass

    key, *others = _header(file)
    columns = {name: mapped_column(Text) for name in others if not name.startswith(":")}
    columns[key] = mapped_column(Text, primary_key=True)
    crash = type("Crash", (Base,), {"__tablename__": "merged", **columns})
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with file.open(newline="") as lines, Session(engine) as session:
        started = time.perf_counter()
        count = 0
        for count, row in zip(range(1, rows + 1), csv.DictReader(lines), strict=False):  # noqa: B007
            session.merge(crash(**{name: row[name] or None for name in columns}))
        session.commit()
        seconds = time.perf_counter() - started
    Base.metadata.drop_all(engine)
    engine.dispose()
    return count / seconds


def _header(file: Path) -> list[str]:
    with file.open(newline="") as lines:
        return next(csv.reader(lines))
