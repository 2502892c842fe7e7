"""SODA 3 gives the same rows as SODA 2.1, and is asked with a token only."""

import pytest

from ingestion.portal import open_portal
from ingestion.sample_portal import SamplePortal
from ingestion.soda import quoted
from tests.commands import command_here
from tests.loads import IDS, assert_complete, in_raw, load
from warehouse.settings import Target

# A key of the City's, a made one that needs the portal's list of :id, and a geometry.
DATASETS = ("crashes", "fatalities", "wards")


@pytest.mark.usefixtures("both_warehouses")
def test_raw_is_the_same_by_either_protocol_on_either_engine(
    own_portal: SamplePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "300")
    monkeypatch.setenv("SOURCES__SODA__APP_TOKEN", "a-token")
    engines: dict[str, Target] = {"v2": "duckdb", "v3": "postgis"}

    def load_all(names: tuple[str, ...]) -> None:
        for api, target in engines.items():
            monkeypatch.setenv("SOURCES__SODA__API", api)
            own_portal.forget_requests()
            for name in names:
                load(name, target)
            paths = {request["path"].split("/")[2] for request in own_portal.requests()}
            assert ("v3" in paths) == (api == "v3"), paths
        for name in names:
            assert in_raw(name, "postgis") == in_raw(name, "duckdb")

    load_all(DATASETS)
    for name in DATASETS:
        assert_complete(own_portal, name)
    own_portal.republish(IDS["fatalities"], changed=1)
    load_all(("fatalities",))


@pytest.mark.parametrize("target", ["duckdb"], indirect=True)
def test_columns_aggregates_and_texts_with_quotes_are_the_same(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__APP_TOKEN", "a-token")
    own_portal.add(IDS["fatalities"], records=[{"victim": "O'Hare", "person_id": None}])
    answers = []
    for api in ("v2", "v3"):
        monkeypatch.setenv("SOURCES__SODA__API", api)
        with open_portal(warehouse) as portal:
            month = "date_trunc_ym(crash_date) as month"
            by_month = portal.rows(IDS["crashes"], [month, "count(*) as n"], None, "month", "month")
            where = "victim = " + quoted("O'Hare")
            odd = portal.rows(IDS["fatalities"], [":id", "victim", "person_id"], where, ":id")
            answers.append((by_month, odd, portal.row_ids(IDS["wards"])))
    assert answers[0] == answers[1]
    by_month, odd, row_ids = answers[0]
    assert sum(int(n) for n in by_month["n"].to_pylist()) == 1_000
    assert odd.select(["victim", "person_id"]).to_pylist() == [
        {"victim": "O'Hare", "person_id": None}
    ]
    assert len(row_ids) == 50


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"API": "v4"}, ["SOURCES__SODA__API is 'v4'", "v2", "v3"]),
        ({"API": "v3"}, ["'v3'", "without an app token", "SOURCES__SODA__APP_TOKEN"]),
        ({"CONCURRENCY": "17"}, ["SOURCES__SODA__CONCURRENCY is '17'", "1 to 16"]),
        ({"REQUESTS_PER_HOUR": "0"}, ["SOURCES__SODA__REQUESTS_PER_HOUR is '0'"]),
        ({"TIMEOUT_S": "soon"}, ["SOURCES__SODA__TIMEOUT_S is 'soon'", "seconds"]),
        ({"PAGE_SIZE": "50001"}, ["SOURCES__SODA__PAGE_SIZE is '50001'", "50000 rows"]),
    ],
    ids=lambda value: "=".join(*value.items()) if isinstance(value, dict) else None,
)
def test_a_setting_out_of_range_is_a_wrong_call(
    settings: dict[str, str], parts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__SODA__{name}", value)
    answer = command_here("sync")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1), answer.stderr
    for part in parts:
        assert part in answer.stderr
