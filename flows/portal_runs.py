"""What every run that asks the portal begins with."""

import contextlib
from collections.abc import Iterator, Mapping

from flows.progress import watcher
from flows.runs import held, record_refusal, recorded, unattended
from ingestion.catalog import load_catalog
from ingestion.portal import PortalIdentity, portal_identity
from warehouse.connection import ensure_ready
from warehouse.errors import WarehouseError
from warehouse.records import refuse_other_portal
from warehouse.settings import Target


@contextlib.contextmanager
def portal_run(
    target: Target, parameters: Mapping[str, object]
) -> Iterator[tuple[str, PortalIdentity]]:
    """Hold the warehouse for a run that asks the portal, and record it.

    Yields:
        The run's id, and the portal as it has just said who it is.

    Raises:
        PortalError: the portal cannot be reached.
        WarehouseError: another run holds the warehouse, it cannot be used, or it holds the data
            of another portal.
    """
    with unattended():
        if target == "postgis":
            # Before the portal, as its requests are counted there; a DuckDB file is made after.
            ensure_ready(target)
        try:
            portal = introduce_portal(target)
        except WarehouseError as error:
            record_refusal(target, parameters, str(error))
            raise
        with held(target):
            ensure_ready(target)
            refuse_other_portal(target, portal.name)
            name, is_sample = portal.name, portal.is_sample
            with recorded(target, parameters, portal=name, is_sample=is_sample) as run_id:
                yield run_id, portal


def introduce_portal(target: Target) -> PortalIdentity:
    """Ask the portal who it is and say so, before anything is touched.

    Raises:
        PortalError: it cannot be reached.
    """
    required = next(entry for entry in load_catalog().datasets.values() if entry.required)
    portal = portal_identity(required, target)
    if portal.is_sample:
        watcher().say(f"SAMPLE DATA: the portal {portal.address} serves generated crashes")
    else:
        watcher().say(f"portal: {portal.address}")
    return portal
