"""The daily report: made, left in Prefect, and sent."""

from datetime import date
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows import artifacts
from flows.failures import tell_of_failure, tell_of_success
from flows.mail import Message, readable, tell
from ingestion.catalog import load_catalog
from serving.report import Report, make_report
from warehouse.freshness import is_sample
from warehouse.records import status
from warehouse.settings import Target, resolve_target


@flow(
    name="report",
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
    on_completion=[tell_of_success],
)
def report(
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
    date: Annotated[
        date | None,
        Field(
            description="The day that is reported on; by default that before the City's last"
            " publication, the newest that can be whole."
        ),
    ] = None,
    send: Annotated[bool, Field(description="Send it to WAREHOUSE_MAIL_TO.")] = True,
) -> str:
    """Make the daily report, leave it as the artifact `daily-report`, and send it.

    A mail server that does not take it fails no run; `ops.notifications` says so.

    Returns:
        The report's one line.

    Raises:
        WrongCall: the target is none, or the City has published nothing of the day.
        WarehouseError: there is no warehouse, or there are no crashes in it.
    """
    where = resolve_target(target)
    with readable(where):
        made = report_of(where, date)
    artifacts.show_report(made)
    if send:
        tell(where, [message_of(made)], flow_run.id)
    return made.subject


def report_of(target: Target, on: date | None) -> Report:
    """The report of a day, for who can read the warehouse.

    Raises:
        WrongCall: the City has published nothing of the day.
        WarehouseError: there is no warehouse, or there are no crashes in it.
    """
    keys = {name: entry.record_key for name, entry in load_catalog().datasets.items()}
    return make_report(target, status(target, keys), on, is_sample=is_sample(target))


def message_of(report: Report) -> Message:
    """A report as it is sent."""
    return Message("report", str(report.day), report.subject, report.markdown)
