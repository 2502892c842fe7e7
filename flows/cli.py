"""The command line: checks what is asked, starts it, and shows what came of it.

What is heavy is imported inside the commands, so that `--help` and a wrong call answer at once.
"""

from flows import interrupts  # noqa: F401 - before what takes a moment

# isort: split

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from flows import (
    export_cli,
    layers_cli,
    logs,
    metrics_cli,
    report_cli,
    site_cli,
    status_cli,
    upkeep_cli,
)
from flows.garbage import collect_seldom
from flows.options import ReaderGoneError, Target
from flows.start import probe, start_prefect
from warehouse.errors import WarehouseError, WrongCall
from warehouse.settings import log_format

FAILED, WRONG_CALL = 1, 2
# The code that typer makes of a Ctrl-C inside a command.
_TYPERS_INTERRUPTED = 130

app = typer.Typer(
    help="The Chicago crash warehouse: from the City's portal to the marts.",
    epilog="Exit code 0 is success, 1 a failed run, 2 a wrong call.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(export_cli.export)
app.command()(status_cli.status)
app.command()(metrics_cli.metrics)
app.command()(upkeep_cli.maintain)
app.command()(upkeep_cli.restore)
app.command()(report_cli.report)
app.command()(site_cli.site)
app.add_typer(layers_cli.app, name="layers")

FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", help="Read every row again and build the models anew.")
]
NoBuild = Annotated[bool, typer.Option("--no-build", help="Load only; the marts stay as they are.")]


@app.command()
def sync(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(help="Names in ingestion/catalog.yml, such as crashes; all by default."),
    ] = None,
    target: Target = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only crashes of this day and later (crash_date).", metavar="DATE"),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only crashes before this day.", metavar="DATE")
    ] = None,
    full_refresh: FullRefresh = False,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load generated data from a sample portal.")
    ] = False,
    sample_crashes: Annotated[
        int | None,
        typer.Option(
            help="Crashes in the sample portal, 20000 by default.", min=1_000, max=1_000_000
        ),
    ] = None,
    no_build: NoBuild = False,
) -> None:
    """Load what is new at the portal, compare the counts, build the marts, and record it."""
    from flows.checks import checked, read_date

    first_day, last_day = read_date("--since", since), read_date("--until", until)
    _, where = checked(datasets or (), target, first_day, last_day)
    if sample_crashes and not sample:
        raise WrongCall("--sample-crashes is the size of the sample portal: add --sample")
    parameters: dict[str, Any] = {
        "datasets": datasets or None,
        "target": where,
        "since": first_day,
        "until": last_day,
        "full_refresh": full_refresh,
        "sample": sample,
        "build": not no_build,
    }
    if sample_crashes:
        parameters["sample_crashes"] = sample_crashes
    if not sample:
        from warehouse.settings import soda_settings

        soda_settings()
    probe(where)
    wait_for_prefect = start_prefect()
    import flows.dbt_nodes  # here, while the server starts: dbt takes as long to import
    import flows.sync
    from flows import terminal

    wait_for_prefect()
    with terminal.watching() as watched:
        loads = flows.sync.sync(**parameters)
    terminal.show_loads(loads)
    if watched.nodes:
        _show_marts(where)


@app.command("load-file")
def load_file(
    dataset: Annotated[
        str, typer.Argument(help="The dataset whose rows the file has, such as crashes.")
    ],
    file: Annotated[
        Path, typer.Argument(help="A CSV file, of the portal's download button or of SODA.")
    ],
    target: Target = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="When the portal gave the file, in UTC; by default the newest date in it.",
            metavar="INSTANT",
        ),
    ] = None,
    no_build: NoBuild = False,
) -> None:
    """Load a CSV file that was downloaded from the portal, and build the marts."""
    from flows.checks import checked_file, read_instant

    instant = read_instant("--as-of", as_of)
    _, _, where, _ = checked_file(dataset, file, target, instant)
    probe(where)
    wait_for_prefect = start_prefect()
    import flows.dbt_nodes  # here, while the server starts: dbt takes as long to import
    import flows.load_file
    from flows import terminal

    wait_for_prefect()
    with terminal.watching() as watched:
        load = flows.load_file.load_file(dataset, file, where, instant, build=not no_build)
    terminal.show_loads([load])
    if watched.nodes:
        _show_marts(where)


@app.command()
def reconcile(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(help="Names in ingestion/catalog.yml; by default all ever loaded."),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Compare every key and version, also where counts agree."),
    ] = False,
    yes_delete: Annotated[
        bool,
        typer.Option("--yes-delete", help="Mark however many records the portal has no more."),
    ] = False,
    target: Target = None,
) -> None:
    """Hold the warehouse against the portal: fetch what is missing, mark what is gone."""
    from flows.checks import checked
    from warehouse.records import refuse_if_empty
    from warehouse.settings import soda_settings

    _, where = checked(datasets or (), target, None, None)
    soda_settings()
    refuse_if_empty(where)
    probe(where)
    wait_for_prefect = start_prefect()
    import flows.dbt_nodes  # here, while the server starts: dbt takes as long to import
    import flows.reconcile
    from flows import terminal

    wait_for_prefect()
    with terminal.watching():
        done = flows.reconcile.reconcile(
            datasets=datasets or None, target=where, deep=deep, yes_delete=yes_delete
        )
    terminal.show_result(
        "Reconciled",
        (
            *("dataset", "months compared", "portal rows", "warehouse rows", "refetched"),
            *("marked", "returned", "requests", "seconds", "status"),
        ),
        (
            (
                found.dataset,
                f"{found.compared_months} of {found.months}",
                found.portal_rows,
                found.warehouse_rows,
                found.refetched,
                found.marked,
                found.returned,
                found.requests,
                round(found.seconds, 1),
                found.status,
            )
            for found in done
        ),
    )


@app.command()
def build(target: Target = None, full_refresh: FullRefresh = False) -> None:
    """Build and test the marts from what is loaded."""
    from warehouse.records import refuse_if_empty
    from warehouse.settings import resolve_target

    where = resolve_target(target)
    refuse_if_empty(where)
    wait_for_prefect = start_prefect()
    import flows.build
    import flows.dbt_nodes  # here, while the server starts: dbt takes as long to import
    from flows import terminal

    wait_for_prefect()
    with terminal.watching():
        flows.build.build(target=where, full_refresh=full_refresh)
    _show_marts(where)


# A query may begin with a comment, of two hyphens as an option's name.
@app.command(context_settings={"ignore_unknown_options": True})
def query(
    sql: Annotated[
        str, typer.Argument(help="A query that reads, such as 'select …'; '-' reads it from input.")
    ],
    target: Target = None,
) -> None:
    """Ask the warehouse in SQL: a table on a terminal, CSV in a file or a pipe."""
    from flows import terminal
    from serving import query as reader
    from warehouse.settings import resolve_target

    answer = reader.query(resolve_target(target), sys.stdin.read() if sql == "-" else sql)
    if sys.stdout.isatty():
        terminal.show_table("", answer.columns, answer.rows)
    else:
        terminal.write_csv(answer.columns, answer.rows)


@app.command()
def docs(
    target: Target = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder of the page, data/docs by default.", metavar="DIR"),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the page on this machine until Ctrl-C.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(help="Where --serve listens, 8080 by default; 0 is any.", min=0, max=65_535),
    ] = None,
) -> None:
    """Make the dbt docs: one page with every model, column and test, and how they depend."""
    from contextlib import suppress

    from flows import docs as site
    from flows import terminal
    from warehouse.settings import resolve_target

    where = resolve_target(target)
    if port is not None and not serve:
        raise WrongCall("--port is where --serve listens: add --serve")
    folder = out or site.DEFAULT_FOLDER
    if not serve:
        with terminal.console().status("dbt makes the docs"):
            page = site.write_page(where, folder)
        typer.echo(f"{page}: open it in a browser")
        return
    with site.server(folder / site.PAGE, site.DEFAULT_PORT if port is None else port) as listening:
        with terminal.console().status("dbt makes the docs"):
            site.write_page(where, folder)
        typer.echo(f"{site.address(listening)} shows {folder / site.PAGE}; Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            listening.serve_forever()


@app.command()
def doctor(target: Target = None) -> None:
    """Say what is missing on this machine, with the cure; exit 1 if the target lacks something."""
    from flows.doctor import examine
    from warehouse.settings import resolve_target

    findings = examine(resolve_target(target))
    for finding in findings:
        typer.echo(finding.line)
    if any(finding.is_needed and not finding.is_well for finding in findings):
        raise typer.Exit(FAILED)


def _show_marts(target: Any) -> None:
    from flows import terminal
    from serving.query import mart_counts

    terminal.show_result("In the warehouse", ("table", "rows"), mart_counts(target))
    if log_format() == "json":
        return
    option = "" if target == "duckdb" else f" --target {target}"
    terminal.console().print(
        f'Try: warehouse query{option} "select * from marts.crashes_daily'
        ' order by crash_date desc limit 5"',
        markup=False,
    )


def main() -> None:
    """Run a command; an error is one line on standard error."""
    collect_seldom()
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        # A terminal that is closed; under nohup it is no matter.
        signal.signal(signal.SIGHUP, _as_interrupt)
    try:
        logs.set_up_command()
        code = app(standalone_mode=False) or 0
        if code == _TYPERS_INTERRUPTED:
            code = _interrupted()
    except TyperException as error:
        code = _say(error.format_message(), WRONG_CALL)
    except WrongCall as error:
        code = _say(str(error), WRONG_CALL)
    except WarehouseError as error:
        code = _say(str(error), FAILED)
    except KeyboardInterrupt:
        code = _interrupted()
    except ReaderGoneError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("WAREHOUSE_TRACEBACK"):
            raise
        text = " ".join(str(error).split())
        code = _say(f"{type(error).__name__}: {text}; WAREHOUSE_TRACEBACK=1 shows where", FAILED)
    sys.exit(code)


def _interrupted() -> int:
    return _say("interrupted: sync again to carry on from there", FAILED)


def _say(message: str, code: int) -> int:
    if os.environ.get("WAREHOUSE_LOG") == "json":
        logs.command_log(sys.stderr).error(message)
    else:
        sys.stderr.write(f"warehouse: {message}\n")
    return code


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
