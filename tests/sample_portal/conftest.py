"""One portal for all of these tests, each of which finds it as at its start."""

from collections.abc import Iterator

import pytest

from ingestion.sample_portal import SamplePortal, running
from tests.sample_portal.pages import SEED, SIZE


@pytest.fixture(scope="session")
def serving() -> Iterator[SamplePortal]:
    with running(crashes=SIZE, seed=SEED) as portal:
        yield portal


@pytest.fixture
def portal(serving: SamplePortal) -> SamplePortal:
    """The portal as at its start, whatever a test before told it."""
    serving.reset()
    return serving
