"""Holds the warehouse against the portal: fetches what is missing, marks what has vanished."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from ingestion.catalog import Dataset
from ingestion.comparison import Comparison, comparison
from ingestion.listing import Listing, grouped, in_words
from ingestion.load import load_dataset, period_condition, was_read_whole
from ingestion.portal import open_portal
from ingestion.raw import make_tables
from ingestion.soda import DatasetMissing, PortalError
from ingestion.source import Progress
from warehouse.errors import WarehouseError
from warehouse.last_comparisons import note_comparison
from warehouse.reconciliation import Check, conclude, new_check, note_missing
from warehouse.settings import LARGEST_DELETION, Target

# One comparison, another after what was missing is fetched, and three more for a portal whose
# rows change meanwhile.
_ROUNDS = 5


@dataclass(frozen=True)
class Reconciliation:
    """What a reconciliation found of one dataset, and did about it.

    Attributes:
        months: how many months there are.
        compared_months: in how many of them the keys were compared.
        portal_rows: rows that the portal has.
        warehouse_rows: records that the warehouse had, before any was marked.
        refetched: rows that were read again for want of some of them.
        marked: records that were marked as deleted.
        returned: records whose mark was taken away.
        schema_changes: columns that came or went, where what was fetched again told of it first.
    """

    dataset: str
    months: int = 0
    compared_months: int = 0
    portal_rows: int = 0
    warehouse_rows: int = 0
    refetched: int = 0
    marked: int = 0
    returned: int = 0
    requests: int = 0
    seconds: float = 0.0
    status: Literal["reconciled", "missing", "failed"] = "reconciled"
    error: str | None = None
    schema_changes: str | None = None


class UnreconciledError(WarehouseError):
    """A difference stays, or more vanished than one run may mark.

    Attributes:
        found: what was found and done all the same.
    """

    def __init__(self, message: str, found: Reconciliation) -> None:
        super().__init__(message)
        self.found = replace(found, status="failed", error=str(self))


def reconcile_dataset(
    dataset: Dataset,
    target: Target,
    run_id: str,
    *,
    since: date | None = None,
    until: date | None = None,
    deep: bool = False,
    yes_delete: bool = False,
    say: Callable[[str], None] = lambda line: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Reconciliation:
    """Bring raw and the marks of deletion in line with what the portal has, for one dataset.

    Rows are counted by month, and keys are read for the months that differ. Months that lack
    something are fetched anew, as a whole. It can be ended anywhere: until its end nothing is
    written that the next one would not find again.

    Args:
        dataset: the entry of the catalog.
        target: the warehouse.
        run_id: the run that `ops` names.
        since: only rows whose date column is on this day or later.
        until: only rows whose date column is before this day.
        deep: read the keys of all months, also where the counts agree.
        yes_delete: mark however many records have vanished.
        say: told what is about to be done.
        on_progress: called after each page that is fetched.

    Raises:
        PortalError: the portal failed, or changed all the while.
        UnreconciledError: rows are missing even after a refetch, or more records vanished than
            one run may mark.
        WarehouseError: the dataset was never read whole.
    """
    started = time.monotonic()
    part = period_condition(dataset, since, until)
    with open_portal(target) as portal:
        listing = Listing(dataset, portal, part)
        try:
            stamp = portal.metadata(dataset.id).rows_updated_at
        except DatasetMissing as error:
            if dataset.required:
                raise
            return Reconciliation(
                dataset.name, requests=portal.requests, status="missing", error=str(error)
            )
        make_tables([dataset], target)
        check = new_check(run_id, dataset.name)
        months: list[str] = []
        compared = 0
        refetched = _Refetched()
        for round_ in range(_ROUNDS):
            with comparison(dataset, target, listing, since, until) as found:
                chosen = found.count_rows(months, deep=deep and not round_)
                if chosen:
                    if part is None and not round_:
                        _refuse_unread(dataset, target)
                    say(
                        f"{dataset.name}: comparing the keys of {sum(chosen.values()):,} rows,"
                        f" {len(chosen)} of {len(found.months)} months"
                    )
                found.compare_keys(chosen)
                compared = max(compared, len(found.listed_months))
                lacking = found.months_of("missing")
                months = found.months_of("missing", "vanished")
                now = portal.metadata(dataset.id).rows_updated_at if months else stamp
                is_still = not months or (stamp is not None and now == stamp)
                is_fetched = refetched.has(lacking, stamp)
                if is_fetched and is_still:
                    done, refusal = _conclude(found, check, yes_delete=yes_delete)
                    is_whole = part is None and not refusal
                    note_comparison(found.connection, dataset.name, now if is_whole else None)
                    break
                note_missing(found.connection, check)
            if not is_fetched:
                say(f"{dataset.name}: fetching {in_words(lacking)} again")
                refetched.fetch(Listing(dataset, portal), target, lacking, now, on_progress)
            stamp = now
        else:
            raise PortalError(
                f"{dataset.label}: the portal's rows change all the while, so nothing was marked;"
                f" run 'warehouse reconcile {dataset.name}' later",
                is_passing=True,
            )
    done = replace(
        done,
        compared_months=compared,
        refetched=refetched.rows,
        requests=portal.requests + refetched.requests,
        seconds=time.monotonic() - started,
        schema_changes=refetched.schema_changes,
    )
    if refusal:
        raise UnreconciledError(refusal, done)
    return done


def _refuse_unread(dataset: Dataset, target: Target) -> None:
    if not was_read_whole(dataset, target):
        raise WarehouseError(
            f"{dataset.label}: was never read whole, so that rows are missing is no fault: run"
            f" 'warehouse sync {dataset.name}', which reads it"
        )


@dataclass
class _Refetched:
    """What was fetched again: how many rows, and of which months as the portal was at a stamp."""

    rows: int = 0
    requests: int = 0
    schema_changes: str | None = None
    months: frozenset[str] = frozenset()
    stamp: int | None = None

    def has(self, months: list[str], stamp: int | None) -> bool:
        """Whether these months were fetched from the rows that the portal has at this stamp."""
        return not months or (
            stamp is not None and stamp == self.stamp and self.months.issuperset(months)
        )

    def fetch(
        self,
        listing: Listing,
        target: Target,
        months: list[str],
        stamp: int | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        """Fetch months as a whole, even where a period cuts them."""
        for group in grouped(dict.fromkeys(months, 0), largest=0):
            where = listing.condition(group)
            load = load_dataset(
                listing.dataset,
                target,
                where=where,
                from_start=where is None,
                on_progress=on_progress,
            )
            self.rows += load.rows_fetched
            self.requests += load.requests
            self.schema_changes = load.schema_changes or self.schema_changes
        self.months = (self.months if stamp == self.stamp else frozenset()) | {*months}
        self.stamp = stamp


def _conclude(
    found: Comparison, check: Check, *, yes_delete: bool
) -> tuple[Reconciliation, str | None]:
    """Write what was found and mark what vanished, all of it or none; and why the run fails."""
    dataset, records = found.dataset, found.current()
    missing, vanished = found.number("missing"), found.number("vanished")
    is_refused = vanished > LARGEST_DELETION * records and not yes_delete
    done = Reconciliation(
        dataset.name,
        months=len(found.months),
        portal_rows=sum(found.portal_rows.values()),
        warehouse_rows=found.in_part(),
        marked=0 if is_refused else vanished,
        returned=0 if is_refused else found.number("returned"),
    )
    conclude(found.connection, check, marks=not is_refused)
    faults = []
    if missing:
        faults.append(
            f"{missing:,} rows that the portal lists in {in_words(found.months_of('missing'))} did"
            " not come when they were fetched again; quality.reconciliation_keys names them; run"
            f" 'warehouse reconcile {dataset.name}' later"
        )
    if is_refused:
        faults.append(
            f"the portal has no more {vanished:,} of {records:,} records"
            f" ({vanished / records:.1%}), above the {LARGEST_DELETION:.0%} that one run may mark"
            " as deleted, so none was marked; if they are gone indeed, run"
            f" 'warehouse reconcile {dataset.name} --yes-delete'"
        )
    return done, f"{dataset.label}: {'; '.join(faults)}" if faults else None
