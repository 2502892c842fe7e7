"""The portal of the settings: opened for a warehouse, and asked who it is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ingestion.catalog import Dataset
from ingestion.retry import ATTEMPTS
from ingestion.soda import Metadata, Portal
from ingestion.throttle import throttle
from warehouse.settings import Target, soda_settings

# The sample portal says so in the attribution of its datasets.
_SAMPLE = "sample"


@dataclass(frozen=True)
class PortalIdentity:
    """Which portal answers.

    Attributes:
        address: where it is.
        is_sample: its data is generated.
        name: what tells its data from another portal's: the address, but for a sample portal,
            which may be anywhere, what it says of its size and seed.
        said: what it said of the dataset that it was asked of, by that one's name.
    """

    address: str
    is_sample: bool
    name: str
    said: Mapping[str, Metadata]


@contextmanager
def open_portal(target: Target, *, attempts: int = ATTEMPTS) -> Iterator[Portal]:
    """The portal of the settings, whose requests count with those of all on the warehouse.

    Raises:
        WarehouseError: they cannot be counted in the warehouse.
    """
    settings = soda_settings()
    with throttle(target, settings) as turns, Portal(settings, turns, attempts=attempts) as portal:
        yield portal


def portal_identity(dataset: Dataset, target: Target) -> PortalIdentity:
    """Ask the portal who it is, by the metadata of a dataset that it must have.

    Raises:
        PortalError: it cannot be reached or lacks the dataset.
        WarehouseError: the request cannot be counted in the warehouse.
    """
    # Two attempts: a person who mistyped the address should not wait for six.
    with open_portal(target, attempts=2) as portal:
        metadata = portal.metadata(dataset.id)
    attribution = metadata.attribution
    is_sample = _SAMPLE in attribution.lower()
    name = attribution if is_sample else portal.address
    return PortalIdentity(portal.address, is_sample, name, {dataset.name: metadata})
