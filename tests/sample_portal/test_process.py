"""The sample portal as a process, of made data and of a folder's files."""

import json
import resource
import subprocess
import sys
import time
from typing import Any

import pytest
import requests

from ingestion.sample_portal import SamplePortal, StartError, running
from tests.sample_portal.pages import CRASHES, all_rows, count, get


def test_a_taken_port_is_said_in_one_line(portal: SamplePortal) -> None:
    port = int(portal.url.rpartition(":")[2])
    with pytest.raises(StartError, match=f"port {port}"), running(crashes=10, port=port):
        pass


def test_it_ends_with_its_parent_however_that_ends() -> None:
    script = (
        "from ingestion.sample_portal import running\n"
        "import sys\n"
        "with running(crashes=10) as p:\n"
        "    print(p.url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert requests.get(f"{url}/api/views/{CRASHES}.json", timeout=5).ok
        parent.kill()
    for _ in range(50):
        try:
            requests.get(f"{url}/api/views/{CRASHES}.json", timeout=5)
        except requests.RequestException:
            # Refused, or cut off where it was answering just then.
            return
        time.sleep(0.1)
    pytest.fail("the sample portal outlived its parent")


def test_a_folder_of_files_is_served_as_it_is(tmp_path: Any) -> None:
    (tmp_path / "aaaa-0001.csv").write_text('"id","name"\n"1",\n"2",""\n"3","a ""b"", c"\n')
    (tmp_path / "aaaa-0001.types.json").write_text('{"id": "number", "name": "text"}')
    square = [[[[-87.5, 41.5], [-87.25, 41.5], [-87.25, 41.75], [-87.5, 41.5]]]]
    feature = {
        "type": "Feature",
        "geometry": {"type": "MultiPolygon", "coordinates": square},
        "properties": {"ward": "1", "note": None},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "p293-wvbd.geojson").write_text(json.dumps(collection))
    with running(folder=tmp_path) as portal:
        text = get(portal, "/resource/aaaa-0001.csv", order="id").text
        assert text == '"id","name"\n"1",\n"2",""\n"3","a ""b"", c"\n'
        served = get(portal, "/resource/p293-wvbd.geojson").json()
        assert served["features"][0]["geometry"] == feature["geometry"]
        assert served["features"][0]["properties"] == feature["properties"]
        assert get(portal, f"/resource/{CRASHES}.csv").status_code == 404
        metadata = get(portal, "/api/views/aaaa-0001.json").json()
        assert metadata["attribution"].startswith("Files of")
        assert len(all_rows(portal, "aaaa-0001", size=1)) == 3


def test_a_folder_without_datasets_is_refused(tmp_path: Any) -> None:
    with pytest.raises(StartError, match=r"no \.csv or \.geojson"), running(folder=tmp_path):
        pass


def test_twenty_thousand_crashes_are_served_within_five_seconds() -> None:
    # Seconds of the processor that the portal takes: those of the clock are the other tests' too.
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with running(crashes=20_000) as portal:
            assert count(portal, CRASHES) == 20_000
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert 0.1 < min(seconds) < 5
