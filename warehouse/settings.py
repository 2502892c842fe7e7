"""Every setting of the warehouse, once, with its default and the reason for it.

Settings of the portal are dlt's own: `SOURCES__SODA__BASE_URL` in the environment,
or `[sources.soda] base_url` in `.dlt/config.toml`; the token belongs in
`.dlt/secrets.toml` or in `SOURCES__SODA__APP_TOKEN`.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from warehouse.errors import WrongCall

Target = Literal["duckdb", "postgis"]
TARGETS: tuple[Target, ...] = get_args(Target)

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project"

CITY_PORTAL = "https://data.cityofchicago.org"
# Some endpoints of SODA 2.1 refuse more; fewer would cost requests, which are rationed.
LARGEST_PAGE = 50_000
# The share of a dataset's records that one run may mark as deleted unasked. The City takes back
# a handful of reports a month; a portal that answers with half a table is meant to be stopped.
LARGEST_DELETION = 0.05


def resolve_target(name: str | None = None) -> Target:
    """The target asked for, else `DBT_TARGET`, else DuckDB, which needs no server.

    Raises:
        WrongCall: the name is none of the targets.
    """
    wanted = name or os.environ.get("DBT_TARGET") or "duckdb"
    if wanted not in TARGETS:
        raise WrongCall(f"unknown target '{wanted}': choose one of {', '.join(TARGETS)}")
    return cast(Target, wanted)


def duckdb_path() -> Path:
    """The DuckDB file: `WAREHOUSE_DUCKDB_PATH`, else `data/warehouse.duckdb` of the project."""
    return Path(os.environ.get("WAREHOUSE_DUCKDB_PATH") or ROOT / "data" / "warehouse.duckdb")


@dataclass(frozen=True)
class SodaSettings:
    """Where the portal is and how it may be asked."""

    base_url: str
    app_token: str | None = field(repr=False)
    page_size: int


def soda_settings() -> SodaSettings:
    """The portal's settings as dlt finds them.

    Raises:
        WrongCall: the address is no http address or the page size out of range.
    """
    import dlt  # late: half a second that a wrong call should not wait for

    base_url = (dlt.config.get("sources.soda.base_url", str) or CITY_PORTAL).rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise WrongCall(
            f"SOURCES__SODA__BASE_URL is '{base_url}': expected an address like {CITY_PORTAL}"
        )
    page_size = str(dlt.config.get("sources.soda.page_size", str) or LARGEST_PAGE)
    if not page_size.isdecimal() or not 1 <= int(page_size) <= LARGEST_PAGE:
        raise WrongCall(
            f"SOURCES__SODA__PAGE_SIZE is '{page_size}': expected 1 to {LARGEST_PAGE} rows"
        )
    token = dlt.secrets.get("sources.soda.app_token", str)
    return SodaSettings(base_url, token or None, int(page_size))
