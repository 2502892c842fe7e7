"""The command that shows how the warehouse stands, and who ran what."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.options import Target
from warehouse.settings import resolve_target

if TYPE_CHECKING:
    from warehouse.audit import Run
    from warehouse.records import DatasetStatus

_SHOWN_RUNS = 5
_NAMES_A_LINE = 4
# What the kind of the run says, or what is the same in all of them.
_NOT_SHOWN = {"build", "reconcile", "maintenance", "report", "target"}


def status(
    target: Target = None,
    runs: Annotated[
        int, typer.Option(help="How many of the last runs are shown.", min=0, metavar="N")
    ] = _SHOWN_RUNS,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object, for programs; times are UTC.")
    ] = False,
) -> None:
    """Say per dataset: rows, newest row, last success, what the last run did; and who ran what."""
    from flows import terminal
    from ingestion.catalog import load_catalog
    from warehouse import audit, records

    where = resolve_target(target)
    catalog = load_catalog().datasets
    found = records.status(where, {name: entry.record_key for name, entry in catalog.items()})
    last = audit.last_runs(where, runs) if runs else []
    if as_json:
        answer = {"datasets": [_dataset(one) for one in found], "runs": [_run(one) for one in last]}
        typer.echo(json.dumps(answer, indent=2))
        return
    terminal.show_table(
        "",
        ("dataset", "records", "newest row", "last success", "last run", "what it did"),
        (
            (
                row.last_load.dataset,
                row.records,
                (row.newest_row_at or "")[:19],
                f"{row.last_success_at:%Y-%m-%d %H:%M}" if row.last_success_at else "never",
                f"{row.finished_at:%Y-%m-%d %H:%M}",
                terminal.in_short(row.last_load),
            )
            for row in found
        ),
    )
    if last:
        terminal.show_table(
            "Last runs",
            ("started", "what", "by", "status", "seconds", "rows changed", "error"),
            (
                (
                    f"{run.started_at:%Y-%m-%d %H:%M}",
                    f"{run.kind} {_in_short(run.parameters)}".strip(),
                    f"{run.trigger}, {run.started_by}",
                    run.status,
                    "" if run.seconds is None else round(run.seconds, 1),
                    run.rows_changed,
                    run.error,
                )
                for run in last
            ),
        )
    terminal.console().print("Times are UTC.")


def _in_short(parameters: dict[str, Any]) -> str:
    """The parameters that were set, but for those that are the same in every run."""
    said = ["no build"] if parameters.get("build") is False else []
    for name, value in parameters.items():
        if name in _NOT_SHOWN or value in (None, False, []):
            continue
        if isinstance(value, list):
            more = len(value) - _NAMES_A_LINE
            names = ", ".join(map(str, value[:_NAMES_A_LINE]))
            said.append(f"{names} and {more} more" if more > 0 else names)
        else:
            said.append(name if value is True else f"{name}={value}")
    return "; ".join(said)


def _dataset(one: "DatasetStatus") -> dict[str, Any]:
    return {
        "dataset": one.last_load.dataset,
        "records": one.records,
        "newest_row_at": one.newest_row_at,
        "last_success_at": _utc(one.last_success_at),
        "last_load": {**asdict(one.last_load), "finished_at": _utc(one.finished_at)},
    }


def _run(one: "Run") -> dict[str, Any]:
    return {
        **asdict(one),
        "started_at": _utc(one.started_at),
        "finished_at": _utc(one.finished_at),
        "seconds": one.seconds,
    }


def _utc(instant: datetime | None) -> str | None:
    return f"{instant.isoformat(timespec='seconds')}Z" if instant else None
