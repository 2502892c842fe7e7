"""The watch: tells when data is old or a count is odd, and when old data is fresh again."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows import artifacts
from flows.failures import tell_of_failure, tell_of_success
from flows.mail import Message, is_set_up, readable, tell
from flows.progress import watcher
from ingestion.catalog import load_catalog
from serving.sql_files import has_marts
from serving.watch import (
    FRESH_AGAIN,
    OLD_DATA,
    Finding,
    Limits,
    find_odd_counts,
    find_old_data,
)
from warehouse.freshness import freshness
from warehouse.lock import InUseError, sync_lock
from warehouse.notifications import last_told
from warehouse.settings import ALERT_AGAIN_AFTER_HOURS, Target, duckdb_path, resolve_target


@flow(
    name="watch",
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
    on_completion=[tell_of_success],
)
def watch(
    target: Annotated[
        Target | None, Field(description="The warehouse; by default DBT_TARGET, else duckdb.")
    ] = None,
) -> list[str]:
    """Look whether the data is old or a count is odd, and send what was not told of late.

    Returns:
        What is amiss, a line each.

    Raises:
        WrongCall: the target is none that there is.
        WarehouseError: the warehouse cannot be read.
    """
    where = resolve_target(target)
    limits = {
        name: Limits(entry.loaded_within_hours, entry.published_within_hours)
        for name, entry in load_catalog().datasets.items()
        if entry.loaded_within_hours or entry.published_within_hours
    }
    now = datetime.now(UTC)
    with readable(where):
        if reason := _in_use(where):
            watcher().say(f"not watched this time: {reason}")
            return []
        known = freshness(where, limits)
        if not known:
            watcher().say("nothing to watch yet: nothing was ever loaded")
            return []
        findings = find_old_data(where, known, limits, now)
        if has_marts(where):
            findings += find_odd_counts(where)
        told = last_told(where, by_mail=is_set_up())
    artifacts.show_findings(findings)
    for finding in findings:
        watcher().warn(f"amiss: {finding.subject}")
    tell(where, [*_due(findings, told, now), *_over(findings, told)], flow_run.id)
    return [finding.subject for finding in findings]


def _in_use(target: Target) -> str | None:
    """Why a DuckDB file cannot be read just now; deployments take turns, but not with commands."""
    if target == "postgis" or not duckdb_path().exists():
        return None
    try:
        with sync_lock(target):
            return None
    except InUseError as error:
        return str(error)


def _due(
    findings: Iterable[Finding], told: Mapping[tuple[str, str], datetime], now: datetime
) -> list[Message]:
    """What is to be told: what was not, and once a day what lasts."""
    due = []
    for one in findings:
        at = told.get((one.kind, one.about))
        again_at = told.get((FRESH_AGAIN, one.about))
        is_known = at is not None and not (one.is_lasting and again_at and again_at > at)
        is_long_ago = at is not None and now - at >= timedelta(hours=ALERT_AGAIN_AFTER_HOURS)
        if not is_known or (one.is_lasting and is_long_ago):
            due.append(Message(one.kind, one.about, one.subject, one.markdown))
    return due


def _over(findings: Iterable[Finding], told: Mapping[tuple[str, str], datetime]) -> list[Message]:
    """What was told to be old and is not any more."""
    still = {one.about for one in findings if one.kind == OLD_DATA}
    messages = []
    for (kind, about), at in told.items():
        is_told = (again_at := told.get((FRESH_AGAIN, about))) is not None and again_at > at
        if kind == OLD_DATA and about not in still and not is_told:
            subject = f"{about}: fresh again"
            text = f"# {subject}\n\nThat it was old was told at {at:%Y-%m-%d %H:%M} UTC.\n"
            messages.append(Message(FRESH_AGAIN, about, subject, text))
    return messages
