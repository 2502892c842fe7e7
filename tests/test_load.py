"""What arrives in raw, held against the portal over HTTP, on both engines."""

import hashlib
import io
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
import requests

from ingestion.sample_portal import SamplePortal
from ingestion.soda import PortalError
from tests.loads import CATALOG, IDS, load
from warehouse.connection import connect
from warehouse.errors import WarehouseError
from warehouse.settings import Target

# For what has nothing to do with the engine.
on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


def raw(target: Target, name: str, columns: str = "*") -> pa.Table:
    with connect(target, read_only=True) as connection:
        return connection.fetch(f'select {columns} from raw."{name}" order by _row_id')


def served(portal: SamplePortal, name: str) -> pa.Table:
    """What the portal has, straight from its CSV."""
    query = {"$select": ":*,*", "$order": ":id", "$limit": "50000"}
    answer = requests.get(f"{portal.url}/resource/{IDS[name]}.csv", params=query, timeout=60)
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


def data_requests(portal: SamplePortal) -> list[str]:
    return [request["what"] for request in portal.requests()]


@pytest.mark.parametrize("name", list(CATALOG))
def test_raw_is_what_the_portal_said(
    portal: SamplePortal, warehouse: Target, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__BASE_URL", portal.url)
    load(name, warehouse)
    there = served(portal, name)
    here = raw(warehouse, name)
    source = [column for column in there.column_names if not column.startswith(":")]
    assert [c for c in here.column_names if not c.startswith("_")] == source
    for column in [*source, ":id", ":created_at", ":updated_at"]:
        ours = f"_row_{column[1:]}" if column.startswith(":") else column
        assert here[ours].to_pylist() == there[column].to_pylist(), column
    hashes = [version_hash(row) for row in there.select(sorted(source)).to_pylist()]
    assert here["_version_hash"].to_pylist() == hashes


def version_hash(row: dict[str, str | None]) -> str:
    """The md5 of a row's columns in their order, those without a value left out."""
    named = [f"{name}\x1e{value}" for name, value in row.items() if value is not None]
    return hashlib.md5("\x1f".join(named).encode(), usedforsecurity=False).hexdigest()


def test_rows_that_share_a_stamp_are_neither_missed_nor_doubled_between_pages(
    own_portal: SamplePortal, warehouse: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "37")
    own_portal.republish(IDS["crashes"])
    done = load("crashes", warehouse)
    ids = raw(warehouse, "crashes", "_row_id, _row_updated_at")
    assert len(set(ids["_row_updated_at"].to_pylist())) == 1
    assert ids["_row_id"].to_pylist() == served(own_portal, "crashes")[":id"].to_pylist()
    assert done.rows_fetched == done.rows_inserted == 1_000


def test_a_second_load_asks_one_question_and_fetches_nothing(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    before = raw(warehouse, "crashes")
    own_portal.forget_requests()
    again = load("crashes", warehouse)
    assert data_requests(own_portal) == ["metadata"]
    assert (again.rows_fetched, again.requests) == (0, 1)
    assert raw(warehouse, "crashes").equals(before)


def test_amended_and_new_rows_and_no_others_are_fetched(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("people", warehouse)
    before = raw(warehouse, "people").num_rows
    amended = own_portal.amend(IDS["people"], rows=3)["ids"]
    own_portal.add(IDS["people"], rows=2)
    done = load("people", warehouse)
    assert (done.rows_fetched, done.rows_inserted, done.rows_updated) == (5, 2, 3)
    versions = raw(warehouse, "people")
    assert versions.num_rows == before + 5
    of_amended = versions.filter(pc.is_in(versions["_row_id"], pa.array(amended)))
    assert of_amended.num_rows == 6
    assert len(set(of_amended["_version_hash"].to_pylist())) == 6


@pytest.mark.parametrize("name", ["crashes", "fatalities", "police_beats", "red_light_cameras"])
def test_a_republished_dataset_adds_only_the_rows_that_changed(
    own_portal: SamplePortal, warehouse: Target, name: str
) -> None:
    load(name, warehouse)
    before = raw(warehouse, name)
    key = CATALOG[name].key or "_record_key"
    own_portal.republish(IDS[name], changed=2)
    done = load(name, warehouse)
    after = raw(warehouse, name)
    assert done.rows_fetched == before.num_rows
    assert (done.rows_inserted, done.rows_updated) == (0, 2)
    assert after.num_rows == before.num_rows + 2
    assert set(after[key].to_pylist()) == set(before[key].to_pylist())


def test_a_full_refresh_reads_everything_and_adds_nothing(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    first = load("vehicles", warehouse)
    again = load("vehicles", warehouse, full_refresh=True)
    assert again.rows_fetched == again.rows_unchanged == first.rows_inserted
    assert load("vehicles", warehouse).rows_fetched == 0


def test_a_row_that_returns_to_an_older_state_is_a_version_again(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    key = raw(warehouse, "crashes")["crash_record_id"][0].as_py()
    weather = [raw(warehouse, "crashes")["weather_condition"][0].as_py(), "HAIL OF FROGS"]
    for value in (weather[1], weather[0]):
        own_portal.amend(IDS["crashes"], keys=[key], changes={"weather_condition": value})
        load("crashes", warehouse)
    with connect(warehouse, read_only=True) as connection:
        history = connection.fetch(
            "select weather_condition from raw.crashes where crash_record_id = $1"
            " order by _row_updated_at",
            (key,),
        )
    assert history["weather_condition"].to_pylist() == [weather[0], weather[1], weather[0]]


def test_a_row_touched_without_a_change_is_no_version(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    first = raw(warehouse, "crashes")
    key, weather = first["crash_record_id"][0].as_py(), first["weather_condition"][0].as_py()
    own_portal.amend(IDS["crashes"], keys=[key], changes={"weather_condition": weather})
    done = load("crashes", warehouse)
    assert (done.rows_fetched, done.rows_unchanged) == (1, 1)
    assert raw(warehouse, "crashes").equals(first)


def test_a_new_column_without_values_makes_no_versions_and_one_with_values_does(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    own_portal.control("column", dataset=IDS["crashes"], action="add", column="empty_so_far")
    own_portal.republish(IDS["crashes"])
    assert load("crashes", warehouse).rows_unchanged == 1_000
    own_portal.control(
        "column", dataset=IDS["crashes"], action="add", column="road_user", value="ANY"
    )
    own_portal.republish(IDS["crashes"])
    assert load("crashes", warehouse).rows_updated == 1_000
    assert set(raw(warehouse, "crashes")["road_user"].to_pylist()) == {None, "ANY"}


def test_a_death_equal_to_another_in_every_column_is_a_death_of_its_own(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("fatalities", warehouse)
    before = raw(warehouse, "fatalities")
    twin = {
        name: before[name][0].as_py() for name in before.column_names if not name.startswith("_")
    }
    own_portal.add(IDS["fatalities"], records=[twin])
    done = load("fatalities", warehouse)
    assert (done.rows_inserted, done.rows_updated, done.rows_unchanged) == (1, 0, 0)
    keys = raw(warehouse, "fatalities")["_record_key"].to_pylist()
    assert len(keys) == len(set(keys)) == before.num_rows + 1


def test_an_amended_death_stays_the_same_death(own_portal: SamplePortal, warehouse: Target) -> None:
    load("fatalities", warehouse)
    before = set(raw(warehouse, "fatalities")["_record_key"].to_pylist())
    own_portal.amend(IDS["fatalities"], rows=3, changes={"victim": "SCOOTER"})
    own_portal.republish(IDS["fatalities"])
    assert load("fatalities", warehouse).rows_updated == 3
    assert set(raw(warehouse, "fatalities")["_record_key"].to_pylist()) == before


def test_a_period_is_half_open_and_leaves_the_rest_to_be_loaded_later(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    days = pc.strptime(
        pc.utf8_slice_codeunits(served(own_portal, "crashes")["crash_date"], 0, 10),
        format="%Y-%m-%d",
        unit="s",
    )
    until = date(2024, 1, 1)
    wanted = sum(date(2023, 1, 1) <= day.as_py().date() < until for day in days)
    part = load("crashes", warehouse, since=date(2023, 1, 1), until=until)
    assert part.rows_inserted == wanted > 0
    rest = load("crashes", warehouse)
    assert (rest.rows_inserted, rest.rows_unchanged) == (1_000 - wanted, wanted)


def test_a_layer_without_dates_is_loaded_whole_whatever_the_period(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    assert load("wards", warehouse, since=date(2024, 1, 1)).rows_inserted == 50
    assert "st_length_" in raw(warehouse, "wards").column_names


@pytest.mark.parametrize("target", ["postgis"], indirect=True)
def test_tables_have_indexes_and_a_layer_loses_those_that_it_had(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    def indexes(name: str) -> set[str]:
        with connect(warehouse, read_only=True) as connection:
            found = connection.fetch(
                "select indexname::text as name from pg_indexes"
                " where schemaname = 'raw' and tablename = $1",
                (name,),
            )
        return set(found["name"].to_pylist())

    for name in ("vehicles", "wards"):
        load(name, warehouse)
    of_rows = ("record_key", "made_key", "load", "untidy_key")
    assert indexes("vehicles") == {f"vehicles_{of}" for of in of_rows}
    assert indexes("wards") == set()
    with connect(warehouse) as connection:
        connection.execute("create index wards_load on raw.wards (_dlt_load_id)")
        connection.execute("create index of_a_persons_own on raw.wards (ward)")
    own_portal.amend(IDS["wards"], rows=1)
    load("wards", warehouse)
    assert indexes("wards") == {"of_a_persons_own"}


@on_duckdb
@pytest.mark.parametrize("fault", ["status", "html", "cut", "short"])
def test_a_page_that_fails_in_passing_is_asked_for_again(
    own_portal: SamplePortal, warehouse: Target, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__SODA__PAGE_SIZE", "300")
    own_portal.misbehave(fault, dataset=IDS["crashes"], what="page", nth=2, times=1)
    assert load("crashes", warehouse).rows_inserted == 1_000
    assert raw(warehouse, "crashes").num_rows == 1_000


@on_duckdb
def test_what_cannot_succeed_ends_the_dataset_with_the_portals_own_message(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    own_portal.control("token", token="secret-of-the-portal")  # noqa: S106
    with pytest.raises(PortalError, match=r"403.*SOURCES__SODA__APP_TOKEN") as refused:
        load("crashes", warehouse)
    assert not refused.value.is_passing
    assert "secret-of-the-portal" not in str(refused.value)


@on_duckdb
def test_a_missing_dataset_is_a_state_when_optional_and_an_error_when_required(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    for name in ("traffic_signals", "people"):
        own_portal.control("remove", dataset=IDS[name])
    done = load("traffic_signals", warehouse)
    assert done.status == "missing"
    assert "kfyz-pdh6" in (done.error or "")
    with pytest.raises(PortalError, match="404"):
        load("people", warehouse)


@on_duckdb
def test_a_portal_without_the_key_column_is_refused_before_anything_is_written(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    own_portal.control("column", dataset=IDS["people"], action="drop", column="person_id")
    with pytest.raises(
        WarehouseError, match=r"people \(u6pd-qa9d\): the portal has no column 'person_id'"
    ):
        load("people", warehouse)


def test_an_empty_dataset_is_an_empty_table(own_portal: SamplePortal, warehouse: Target) -> None:
    own_portal.delete(IDS["wards"], where="1 = 1")
    assert load("wards", warehouse).rows_fetched == 0
    assert raw(warehouse, "wards").num_rows == 0
    own_portal.add(IDS["wards"], records=[{"ward": "51", "the_geom": None}])
    assert load("wards", warehouse).rows_inserted == 1


def test_rows_without_a_key_and_two_of_one_key_are_kept_once(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    load("crashes", warehouse)
    one = raw(warehouse, "crashes").select(["crash_record_id", "alignment"]).to_pylist()[0]
    keyless = {"crash_record_id": None, "alignment": "NOWHERE"}
    others = [keyless, {**keyless, "alignment": None}, {**keyless, "crash_record_id": " "}]
    twins = [{**one, "alignment": "UPHILL"}, {**one, "alignment": "DOWNHILL"}]
    own_portal.add(IDS["crashes"], records=[keyless, *others, *twins])
    done = load("crashes", warehouse)
    assert (done.rows_fetched, done.rows_inserted, done.rows_updated) == (6, 4, 2)
    before = raw(warehouse, "crashes")
    made = [key for key in before["_record_key"].to_pylist() if key]
    assert len(made) == len(set(made)) == 4
    assert load("crashes", warehouse, full_refresh=True).rows_unchanged == 1_006
    own_portal.republish(IDS["crashes"])
    assert load("crashes", warehouse).rows_unchanged == 1_006
    assert raw(warehouse, "crashes").num_rows == before.num_rows
    own_portal.amend(
        IDS["crashes"], where="crash_record_id is null", changes={"lighting_condition": "DUSK"}
    )
    assert load("crashes", warehouse).rows_updated == 3
    now = raw(warehouse, "crashes")["_record_key"].to_pylist()
    assert sorted({key for key in now if key}) == sorted(made)


def test_a_word_for_no_value_is_no_key_among_keys_that_are(
    own_portal: SamplePortal, warehouse: Target
) -> None:
    words = [{"crash_record_id": word, "alignment": word} for word in ("null ", "N/a")]
    own_portal.add(IDS["crashes"], records=words)
    load("crashes", warehouse)
    loaded = raw(warehouse, "crashes")
    made = loaded.filter(pc.is_valid(loaded["_record_key"]))
    assert sorted(made["alignment"].to_pylist()) == ["N/a", "null "]
