"""Whatever happens to the portal and to the runs, in whatever order: nothing is lost.

Histories are drawn by hypothesis: what the publisher does, and what is run or killed between.
`make soak` draws `SOAK_EXAMPLES` histories an engine; else it is a few.
"""

import io
import multiprocessing
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.catalog import Dataset, load_catalog
from ingestion.load import load_dataset
from ingestion.reconcile import reconcile_dataset
from ingestion.sample_portal import SamplePortal, running
from tests.conftest import new_warehouse
from warehouse.connection import connect
from warehouse.settings import TARGETS, Target

CATALOG = load_catalog().datasets
# One whose records the City names, by month; one whose keys are made; one without dates.
DATASETS = ("crashes", "fatalities", "speed_cameras")
EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "2"))

Content = tuple[str | None, ...]


@dataclass(frozen=True)
class Event:
    """What happens: to a dataset at the portal, or between the portal and the warehouse.

    Attributes:
        what: its name, a method of `History`.
        name: the dataset that it happens to.
        number: how many rows, or at which request a run is killed.
    """

    what: str
    name: str
    number: int

    @property
    def dataset(self) -> Dataset:
        return CATALOG[self.name]


AT_THE_PORTAL = (
    "amend", "amend_late", "add", "add_equal", "add_late", "delete", "republish",
)  # fmt: skip
AT_THE_WAREHOUSE = ("sync", "killed_sync", "reconcile", "deep_reconcile", "killed_reconcile")
EVENTS = st.builds(
    Event,
    st.sampled_from([*AT_THE_PORTAL, *AT_THE_WAREHOUSE]),
    st.sampled_from(DATASETS),
    st.integers(1, 5),
)


@dataclass
class History:
    """The portal and the warehouse on their way, and which versions must be in raw by now."""

    portal: SamplePortal
    target: Target
    synced: dict[str, set[Content]] = field(default_factory=dict)
    amended_late: dict[str, set[str]] = field(default_factory=dict)

    def amend(self, event: Event) -> None:
        self.portal.amend(event.dataset.id, rows=event.number)

    def amend_late(self, event: Event) -> None:
        """Rows get a stamp that is later than their own, yet below the newest."""
        served = self.served(event.dataset)
        newest = max(served[":updated_at"].to_pylist())
        older = [
            (key, row_id)
            for key, row_id, stamp in zip(
                served[event.dataset.key or ":id"].to_pylist(),
                served[":id"].to_pylist(),
                served[":updated_at"].to_pylist(),
                strict=True,
            )
            # not of the very newest changes, whose stamps stand a millisecond apart
            if key is not None and stamp[:16] < newest[:16]
        ][: event.number]
        if older:
            self.portal.amend(event.dataset.id, keys=[key for key, _ in older], late=True)
            late = self.amended_late.setdefault(event.dataset.name, set())
            late.update(row_id for _, row_id in older)

    def add(self, event: Event) -> None:
        self.portal.add(event.dataset.id, rows=event.number)

    def add_equal(self, event: Event) -> None:
        """Rows without a key that are equal in every column, one of them of another month."""
        dataset = event.dataset
        empty = {dataset.key: None} if dataset.key else {}
        months = ["2024-05", *["2024-04"] * event.number] if dataset.date_column else [""] * 2
        dates = [{dataset.date_column: f"{m}-01T00:00:00.000"} if m else {} for m in months]
        self.portal.add(dataset.id, records=[{**empty, **date} for date in dates])

    def add_late(self, event: Event) -> None:
        self.portal.add(event.dataset.id, rows=event.number, late=True)

    def delete(self, event: Event) -> None:
        self.portal.delete(event.dataset.id, rows=event.number)

    def republish(self, event: Event) -> None:
        self.portal.republish(event.dataset.id, changed=event.number)
        self.amended_late.pop(event.dataset.name, None)

    def sync(self, event: Event) -> None:
        _sync(event.dataset, self.target)
        self.note_synced(event.dataset)

    def killed_sync(self, event: Event) -> None:
        killed_at_request(event.number, _sync, event.dataset, self.target)

    def reconcile(self, event: Event) -> None:
        self.sync(event)  # a dataset that was never read whole has nothing to be held against
        _reconcile(event.dataset, self.target, deep=False)

    def killed_reconcile(self, event: Event) -> None:
        self.sync(event)
        killed_at_request(event.number, _reconcile, event.dataset, self.target, True)

    def deep_reconcile(self, event: Event) -> None:
        self.sync(event)
        _reconcile(event.dataset, self.target, deep=True)
        self.amended_late.pop(event.dataset.name, None)
        self.note_synced(event.dataset)

    def note_synced(self, dataset: Dataset) -> None:
        """What is served now has been synced, but for rows that only a deep look can find."""
        served = self.served(dataset)
        late = self.amended_late.get(dataset.name, set())
        self.synced.setdefault(dataset.name, set()).update(
            content
            for row_id, content in zip(served[":id"].to_pylist(), contents(served), strict=True)
            if row_id not in late
        )

    def served(self, dataset: Dataset) -> pa.Table:
        query = {"$select": ":*,*", "$order": ":id", "$limit": "50000"}
        answer = requests.get(
            f"{self.portal.url}/resource/{dataset.id}.csv", params=query, timeout=60
        )
        names = answer.text.partition("\n")[0].replace('"', "").split(",")
        return pyarrow.csv.read_csv(
            io.BytesIO(answer.content),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


def contents(rows: pa.Table) -> list[Content]:
    """The source columns of rows, in one order for portal and raw."""
    names = sorted(name for name in rows.column_names if name[0] not in ":_")
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))


def _sync(dataset: Dataset, target: Target) -> None:
    load_dataset(dataset, target)
    _reconcile(dataset, target, deep=False)


def _reconcile(dataset: Dataset, target: Target, deep: bool) -> None:
    reconcile_dataset(dataset, target, "a history", deep=deep, yes_delete=True)


def killed_at_request(number: int, run: Callable[..., None], *arguments: object) -> None:
    """Let another process do it, killed with -9 when it makes its nth request."""

    def child() -> None:
        made = 0
        send = requests.Session.send

        def counted(*args: object, **kwargs: object) -> requests.Response:
            nonlocal made
            made += 1
            if made == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return send(*args, **kwargs)  # type: ignore[arg-type]

        requests.Session.send = counted  # type: ignore[method-assign]
        run(*arguments)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode


@pytest.fixture(scope="module")
def small_portal() -> Iterator[SamplePortal]:
    with pytest.MonkeyPatch.context() as environment, running(crashes=150) as portal:
        environment.setenv("SOURCES__SODA__BASE_URL", portal.url)
        environment.setenv("SOURCES__SODA__PAGE_SIZE", "40")
        environment.setenv("SOURCES__SODA__REQUESTS_PER_HOUR", "1000000")
        yield portal


@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", TARGETS)
def test_after_any_history_the_warehouse_has_the_portals_records_and_every_synced_version(
    target: Target, small_portal: SamplePortal, request: pytest.FixtureRequest
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="SOAK_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        # A history takes seconds: the first that fails is told as it is.
        phases=[Phase.generate],
    )
    @given(st.lists(EVENTS, min_size=4, max_size=12))
    def check(events: list[Event]) -> None:
        small_portal.reset()
        with (
            tempfile.TemporaryDirectory() as folder,
            new_warehouse(target, Path(folder), request),
        ):
            history = History(small_portal, target)
            for event in events:
                getattr(history, event.what)(event)
            for dataset in {event.name: event.dataset for event in events}.values():
                history.deep_reconcile(Event("deep_reconcile", dataset.name, 1))
                check_nothing_is_lost(history, dataset)

    check()


def check_nothing_is_lost(history: History, dataset: Dataset) -> None:
    with connect(history.target, read_only=True) as connection:
        versions = connection.fetch(f'select * from raw."{dataset.name}"')
        current = connection.fetch(CURRENT.format(name=dataset.name, key=dataset.record_key))
    served = history.served(dataset)
    assert set(versions.column_names) >= {n for n in served.column_names if n[0] != ":"}
    assert Counter(contents(current)) == Counter(contents(served))
    assert history.synced[dataset.name] <= set(contents(versions))
    # Not one version more than the portal ever had: each is of another content or stamp.
    known = versions.select(
        [dataset.key or "_row_id", "_record_key", "_row_updated_at", "_version_hash"]
    ).to_pylist()
    assert len({tuple(row.values()) for row in known}) == versions.num_rows


CURRENT = """
    select *
    from (
        select
            *,
            row_number() over (
                partition by {key} order by _row_updated_at desc, _row_id desc
            ) as _recency
        from raw."{name}"
    ) as versions
    where _recency = 1
        and {key} not in (
            select record_key from ops.record_deletions
            where dataset = '{name}' and restored_at is null
        )
"""
