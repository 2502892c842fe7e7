"""A run that is killed, wherever it is, and started again ends as if it had not been.

`make soak` kills `SOAK_KILLS` runs an engine at moments that `SOAK_SEED` draws; else it is one, on
the engine that has a server of its own to be left behind.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ingestion.catalog import load_catalog
from ingestion.sample_portal import SamplePortal, running
from tests.commands import warehouse_command
from tests.conftest import Filled, Own
from tests.contents import data
from warehouse.settings import TARGETS, Target

pytestmark = [pytest.mark.usefixtures("prefect_server", "models_alone"), pytest.mark.timeout(0)]

CATALOG = load_catalog().datasets
REQUIRED = [name for name, dataset in CATALOG.items() if dataset.required]
KILLS = int(os.environ.get("SOAK_KILLS", "1"))
ENGINES = TARGETS if "SOAK_KILLS" in os.environ else ("postgis",)
SEED = int(os.environ.get("SOAK_SEED", "3"))
PAGE_SIZE = "150" if "SOAK_KILLS" in os.environ else "400"
# Half of the runs are killed while they follow the portal's changes, half while they fill an
# empty warehouse.
KINDS = ("later", "first")


class Scene:
    """A portal that has changed since a warehouse was filled, and how runs end undisturbed."""

    def __init__(self, target: Target, own_warehouse: Own, filled: str) -> None:
        self.target = target
        self._own_warehouse = own_warehouse
        self._filled = filled
        self._seconds: dict[str, float] = {}
        self._expected: dict[str, dict[str, list[str]]] = {}

    def warehouse(self, kind: str) -> AbstractContextManager[str]:
        """A warehouse as it is before a run of this kind."""
        return self._own_warehouse(self.target, like=self._filled if kind == "later" else None)

    def sync(self) -> subprocess.Popen[str]:
        """A sync that has met the portal, in a session of its own."""
        program = Path(sys.executable).with_name("warehouse")
        run = subprocess.Popen(
            [program, "sync", *REQUIRED, "--target", self.target],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert run.stdout
        assert "SAMPLE DATA" in run.stdout.readline()
        return run

    def undisturbed(self, kind: str) -> dict[str, list[str]]:
        """What a sync of this kind leaves that runs to its end, which is timed."""
        if kind not in self._expected:
            with self.warehouse(kind):
                run = self.sync()
                met_portal = time.monotonic()
                said, _ = run.communicate(timeout=300)
                assert run.returncode == 0, said
                self._seconds[kind] = time.monotonic() - met_portal
                self._expected[kind] = data(self.target)
        return self._expected[kind]

    def kill_one(self, kind: str, moment: float) -> bool:
        """Kill a sync at a moment, a share of its time; false if it had ended by then."""
        run = self.sync()
        time.sleep(moment * self._seconds[kind])
        has_ended = run.poll() is not None
        if not has_ended:
            os.killpg(run.pid, signal.SIGKILL)
        run.communicate(timeout=60)
        return not has_ended


@pytest.fixture(scope="module", params=ENGINES)
def scene(
    request: pytest.FixtureRequest,
    own_warehouse: Own,
    synced_once: Filled,
) -> Iterator[Scene]:
    target: Target = request.param
    with pytest.MonkeyPatch.context() as monkeypatch, running(crashes=1_000) as portal:
        monkeypatch.setenv("SOURCES__SODA__BASE_URL", portal.url)
        # Steps enough that a kill finds some committed and some not.
        monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", PAGE_SIZE)
        monkeypatch.setenv("SOURCES__SODA__REQUESTS_PER_HOUR", "100000")
        change(portal)
        yield Scene(target, own_warehouse, synced_once(target))


def change(portal: SamplePortal) -> None:
    """Let everything happen to the portal that a sync has to follow."""
    ids = {name: CATALOG[name].id for name in REQUIRED}
    portal.amend(ids["crashes"], rows=40)
    portal.add(ids["crashes"], rows=30, whole=True)
    portal.add(ids["people"], rows=5, late=True)
    portal.delete(ids["vehicles"], rows=7)
    portal.republish(ids["people"], changed=20)
    portal.republish(ids["fatalities"], changed=1)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_that_is_started_again_ends_as_an_undisturbed_one(
    scene: Scene, number: int
) -> None:
    kind = KINDS[number % len(KINDS)]
    moment = random.Random(f"{SEED} {number}").random()  # noqa: S311 - to be drawn again
    expected = scene.undisturbed(kind)
    while True:
        with scene.warehouse(kind):
            if not scene.kill_one(kind, moment):
                moment *= 0.9  # it had ended by then
                continue
            again = warehouse_command("sync", *REQUIRED, "--target", scene.target)
            assert again.returncode == 0, again.stderr
            found = data(scene.target)
            break
    assert list(found) == list(expected)
    for name in expected:
        assert found[name] == expected[name], f"{name}, killed at {moment:.3f} of the run"
