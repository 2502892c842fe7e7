"""The command that makes the daily report, and sends it when asked to."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from flows import defaults
from flows.options import Target
from warehouse.errors import WarehouseError, WrongCall
from warehouse.notifications import Notification
from warehouse.settings import mail_settings, resolve_target


def report(
    target: Target = None,
    date: Annotated[
        str | None,
        typer.Option(
            help="The day; by default that before the City's last publication.", metavar="DATE"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for it as Markdown and HTML, instead of the terminal.", metavar="DIR"
        ),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send/--no-send", help="Send it to WAREHOUSE_MAIL_TO as well.")
    ] = False,
) -> None:
    """Report a day and its week against the year before, and how the data stands."""
    from flows.checks import read_date

    day = read_date("--date", date)
    where = resolve_target(target)
    if send and mail_settings() is None:
        raise WrongCall(
            "--send: no mail is set up: set WAREHOUSE_SMTP_HOST, WAREHOUSE_MAIL_FROM and"
            " WAREHOUSE_MAIL_TO"
        )
    wait_for_prefect = _start_prefect() if send else lambda: None
    from flows.report import message_of, report_of
    from serving.report import write_report

    made = report_of(where, day)
    if out:
        for path in write_report(made, out):
            typer.echo(str(path))
    else:
        typer.echo(made.markdown, nl=False)
    if send:
        from flows import terminal
        from flows.mail import tell

        wait_for_prefect()
        with terminal.watching():
            told = tell(where, [message_of(made)], None)
        if failed := [one for one in told if one.status == "failed"]:
            raise WarehouseError(f"the report was not sent to {_names(failed)}: {failed[0].error}")


def _start_prefect() -> Callable[[], None]:
    defaults.apply_for_command_line()
    from flows import prefect_api

    return prefect_api.start()


def _names(failed: list[Notification]) -> str:
    return ", ".join(one.recipient or "anyone" for one in failed)
