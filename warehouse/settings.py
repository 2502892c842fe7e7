"""Every setting of the warehouse, once, with its default and the reason for it.

Settings of the portal are dlt's own: `SOURCES__SODA__BASE_URL` in the environment,
or `[sources.soda] base_url` in `.dlt/config.toml`; the token belongs in
`.dlt/secrets.toml` or in `SOURCES__SODA__APP_TOKEN`.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from warehouse.errors import WrongCall

Target = Literal["duckdb", "postgis"]
TARGETS: tuple[Target, ...] = get_args(Target)
SodaApi = Literal["v2", "v3"]

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
    """Where the portal is and how it may be asked.

    Attributes:
        base_url: its address.
        app_token: sent with each request; in no log, error or record.
        page_size: rows a page.
        api: SODA 2.1, which needs no token, or SODA 3, which does.
        concurrency: pages that are fetched at once.
        requests_per_hour: of all processes that share the warehouse.
        timeout_s: how long the portal may be silent within an answer.
    """

    base_url: str
    app_token: str | None = field(repr=False)
    page_size: int
    api: SodaApi = "v2"
    concurrency: int = 4
    requests_per_hour: int = 1_000
    timeout_s: int = 120


def soda_settings() -> SodaSettings:
    """The portal's settings as dlt finds them.

    Raises:
        WrongCall: one of them is out of range, or SODA 3 is to be asked without a token.
    """
    import dlt  # late: half a second that a wrong call should not wait for

    base_url = (dlt.config.get("sources.soda.base_url", str) or CITY_PORTAL).rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise WrongCall(
            f"SOURCES__SODA__BASE_URL is '{base_url}': expected an address like {CITY_PORTAL}"
        )
    api = dlt.config.get("sources.soda.api", str) or "v2"
    if api not in get_args(SodaApi):
        raise WrongCall(f"SOURCES__SODA__API is '{api}': choose v2 (SODA 2.1) or v3 (SODA 3)")
    # Without a type: dlt writes what it was asked for as a text into the trace of a load.
    secret: object = dlt.secrets.get("sources.soda.app_token")
    token = str(secret) if secret else None
    if token and not re.fullmatch(r"[!-~]+", token):
        # It would break the request's header, and requests would quote it in its error.
        raise WrongCall(
            "SOURCES__SODA__APP_TOKEN has a blank, a line break or a letter beyond ASCII:"
            " copy the token again"
        )
    if api == "v3" and not token:
        raise WrongCall(
            "SOURCES__SODA__API is 'v3', and SODA 3 answers nobody without an app token:"
            " set SOURCES__SODA__APP_TOKEN, or take v2"
        )
    return SodaSettings(
        base_url,
        token,
        page_size=_whole_number("page_size", LARGEST_PAGE, LARGEST_PAGE, "rows"),
        api=cast(SodaApi, api),
        concurrency=_whole_number("concurrency", 4, 16, "pages at once"),
        requests_per_hour=_whole_number("requests_per_hour", 1_000, 1_000_000, "requests"),
        # A page of 50 000 rows may be a minute in the making.
        timeout_s=_whole_number("timeout_s", 120, 3_600, "seconds"),
    )


def _whole_number(name: str, default: int, largest: int, unit: str) -> int:
    """A setting of the portal that counts something.

    Raises:
        WrongCall: it is no number from 1 to the largest.
    """
    import dlt

    given = str(dlt.config.get(f"sources.soda.{name}", str) or default)
    if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= largest):
        raise WrongCall(
            f"SOURCES__SODA__{name.upper()} is '{given}': expected 1 to {largest} {unit}"
        )
    return int(given)
