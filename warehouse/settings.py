"""Every setting of the warehouse, once, with its default and the reason for it.

Settings of the portal are dlt's own: `SOURCES__SODA__BASE_URL` in the environment,
or `[sources.soda] base_url` in `.dlt/config.toml`; the token belongs in
`.dlt/secrets.toml` or in `SOURCES__SODA__APP_TOKEN`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from warehouse.errors import WrongCall

if TYPE_CHECKING:
    from pydantic import SecretStr

Target = Literal["duckdb", "postgis"]
TARGETS: tuple[Target, ...] = get_args(Target)
SodaApi = Literal["v2", "v3"]
LogFormat = Literal["plain", "json"]

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project"

CITY_PORTAL = "https://data.cityofchicago.org"
# Some endpoints of SODA 2.1 refuse more.
LARGEST_PAGE = 50_000
# Four pages at once are in memory: of twice as many rows a load into PostGIS takes 120 MB more.
# Fewer would cost requests, which are rationed: the City's whole history is some 450.
_PAGE = 25_000
# The share of a dataset's records that one run may mark as deleted unasked. The City takes back
# a handful of reports a month; a portal that answers with half a table is meant to be stopped.
LARGEST_DELETION = 0.05
# The warehouse's own schemas; what else a database may hold is nobody's business here.
SCHEMAS = ("raw", "staging", "intermediate", "marts", "quality", "ops")
# A month of weekly backups.
KEPT_BACKUPS = 4

# How long a mail server may be silent before a message is given up.
MAIL_TIMEOUT_S = 20
# An alert that still stands is mailed again after as long.
ALERT_AGAIN_AFTER_HOURS = 24
# A day's crashes are unusual farther than this from the median of the same weekday in the year
# before, in units of 1.4826 times the median absolute deviation: the cut-off for outliers of
# Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (ASQC, 1993).
UNUSUAL_DEVIATIONS = 3.5
# Of fewer such weekdays the deviation says little; half of a year has as many.
FEWEST_WEEKDAYS = 26
# The share of a dataset that the portal may have fewer than at the comparison before. A handful
# of a million reports is taken back in a month, 0.001 %; a hundred times that is no correction.
LARGEST_SHRINKAGE = 0.001

# What each session on PostGIS of a command or a run is given, by libpq's `PGOPTIONS`. PostgreSQL
# would take seconds to compile a cleaning query, which no table of the City's is large enough to
# win back; in 64 MB it hashes a million crashes where it would sort them on disk, and in 256 MB it
# sorts the keys of an index. Four sessions build at once, each with several such hashes.
_POSTGRES_OPTIONS = "-c jit=off -c work_mem=64MB -c maintenance_work_mem=256MB"


def resolve_target(name: str | None = None) -> Target:
    """The target asked for, else `DBT_TARGET`, else DuckDB, which needs no server.

    Raises:
        WrongCall: the name is none of the targets.
    """
    wanted = name or os.environ.get("DBT_TARGET") or "duckdb"
    if wanted not in TARGETS:
        raise WrongCall(f"unknown target '{wanted}': choose one of {', '.join(TARGETS)}")
    return cast(Target, wanted)


def postgres_options() -> str:
    """The options of each session on PostGIS: `WAREHOUSE_POSTGRES_OPTIONS`, else ours.

    Those of `PGOPTIONS` follow and so win. An empty text is for a pooler such as PgBouncer, which
    may refuse options.
    """
    return os.environ.get("WAREHOUSE_POSTGRES_OPTIONS", _POSTGRES_OPTIONS)


def duckdb_path() -> Path:
    """The DuckDB file: `WAREHOUSE_DUCKDB_PATH`, else `data/warehouse.duckdb` of the project."""
    return Path(os.environ.get("WAREHOUSE_DUCKDB_PATH") or ROOT / "data" / "warehouse.duckdb")


def transformer() -> str | None:
    """The role that dbt builds as on PostGIS: `WAREHOUSE_TRANSFORMER`, else `PGUSER`.

    A load writes raw and a build writes the marts: whoever does one need not be able to do the
    other. Its password is in libpq's password file, as `PGPASSWORD` is that of `PGUSER`.
    """
    return os.environ.get("WAREHOUSE_TRANSFORMER") or None


def owner() -> str | None:
    """The role that backs up and restores on PostGIS: `WAREHOUSE_OWNER`, else `PGUSER`.

    It may do what loads and builds may, and make databases. Its password is where the
    transformer's is.
    """
    return os.environ.get("WAREHOUSE_OWNER") or None


def backups_folder() -> Path:
    """Where backups go: `WAREHOUSE_BACKUPS`, else `data/backups` of the project."""
    return Path(os.environ.get("WAREHOUSE_BACKUPS") or ROOT / "data" / "backups")


def site_folder() -> Path:
    """Where the static site goes: `WAREHOUSE_SITE`, else `data/site` of the project."""
    return Path(os.environ.get("WAREHOUSE_SITE") or ROOT / "data" / "site")


def treatments_file() -> Path | None:
    """The treatments that the site tells of: the file `WAREHOUSE_TREATMENTS`, else none."""
    name = os.environ.get("WAREHOUSE_TREATMENTS")
    return Path(name) if name else None


def log_format() -> LogFormat:
    """How lines of logs look: `WAREHOUSE_LOG`, else plain, which people read.

    Raises:
        WrongCall: it is neither plain nor json.
    """
    wanted = os.environ.get("WAREHOUSE_LOG") or "plain"
    if wanted not in get_args(LogFormat):
        raise WrongCall(f"WAREHOUSE_LOG is '{wanted}': choose plain, or json for an object a line")
    return cast(LogFormat, wanted)


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
        page_size=_whole_number("page_size", _PAGE, LARGEST_PAGE, "rows"),
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


MailTls = Literal["starttls", "ssl", "none"]
_MAIL_PORTS: dict[MailTls, int] = {"starttls": 587, "ssl": 465, "none": 25}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OWNERS_ALONE = 0o077


@dataclass(frozen=True)
class MailSettings:
    """By which server reports and alerts are sent, from whom and to whom.

    Attributes:
        host: the SMTP server, `WAREHOUSE_SMTP_HOST`; without it no mail is sent.
        tls: `WAREHOUSE_SMTP_TLS`: starttls, the default as it is what servers for clients speak;
            ssl; or none, which takes no password but to this machine.
        port: `WAREHOUSE_SMTP_PORT`; by default 587, 465 or 25, as `tls` says.
        user: `WAREHOUSE_SMTP_USER`; none to a server that asks for none.
        password: `WAREHOUSE_SMTP_PASSWORD`, or what the file `WAREHOUSE_SMTP_PASSWORD_FILE` has,
            which only its owner may read; in no log, error or record.
        sender: `WAREHOUSE_MAIL_FROM`.
        recipients: `WAREHOUSE_MAIL_TO`, with commas between them.
    """

    host: str
    tls: MailTls
    port: int
    user: str | None
    password: SecretStr
    sender: str
    recipients: tuple[str, ...]


def mail_settings() -> MailSettings | None:
    """The settings of mail; none where no server is set.

    Raises:
        WrongCall: one of them is missing or cannot be.
    """
    from pydantic import SecretStr  # late: most commands send nothing

    host = os.environ.get("WAREHOUSE_SMTP_HOST")
    if not host:
        return None
    tls = os.environ.get("WAREHOUSE_SMTP_TLS") or "starttls"
    if tls not in get_args(MailTls):
        raise WrongCall(f"WAREHOUSE_SMTP_TLS is '{tls}': choose starttls, ssl or none")
    port = os.environ.get("WAREHOUSE_SMTP_PORT") or str(_MAIL_PORTS[cast(MailTls, tls)])
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65_535):
        raise WrongCall(f"WAREHOUSE_SMTP_PORT is '{port}': expected 1 to 65535")
    user = os.environ.get("WAREHOUSE_SMTP_USER") or None
    if user and tls == "none" and host not in _LOOPBACK:
        raise WrongCall(
            f"WAREHOUSE_SMTP_TLS is 'none', which would show the password on its way to {host}:"
            " take starttls or ssl"
        )
    return MailSettings(
        host,
        cast(MailTls, tls),
        int(port),
        user,
        SecretStr(_mail_password()),
        _addresses("WAREHOUSE_MAIL_FROM", most=1)[0],
        _addresses("WAREHOUSE_MAIL_TO"),
    )


def _mail_password() -> str:
    """The password, or nothing.

    Raises:
        WrongCall: its file cannot be read, or others may read it.
    """
    if not (name := os.environ.get("WAREHOUSE_SMTP_PASSWORD_FILE")):
        return os.environ.get("WAREHOUSE_SMTP_PASSWORD") or ""
    path = Path(name)
    try:
        if path.stat().st_mode & _OWNERS_ALONE:
            raise WrongCall(
                f"WAREHOUSE_SMTP_PASSWORD_FILE {path} can be read by others: run 'chmod 600 {path}'"
            )
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongCall(f"WAREHOUSE_SMTP_PASSWORD_FILE: {error}: name a file that is there") from (
            error
        )


def _addresses(name: str, most: int | None = None) -> tuple[str, ...]:
    """The addresses of a setting, each as `someone@example.org`.

    Raises:
        WrongCall: there is none, there are too many, or one is no address.
    """
    given = [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]
    wrong = next((part for part in given if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", part)), None)
    if wrong or not given or (most and len(given) > most):
        raise WrongCall(
            f"{name} is '{os.environ.get(name, '')}', but WAREHOUSE_SMTP_HOST is set: expected"
            + (" an address" if most else " addresses, with commas between them,")
            + " like someone@example.org"
        )
    return tuple(given)
