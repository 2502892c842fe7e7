from pathlib import Path

import pytest

from ingestion.catalog import load_catalog
from warehouse.errors import WarehouseError, WrongCall

CRASHES = "crashes: {id: 85ca-t3if, title: Crashes, kind: table, key: crash_record_id}"


def refusal(folder: Path, text: str) -> str:
    path = folder / "catalog.yml"
    path.write_text(text)
    with pytest.raises(WarehouseError) as refused:
        load_catalog(path)
    return str(refused.value)


def test_the_catalog_has_the_eleven_datasets_and_the_four_crash_datasets_are_required() -> None:
    datasets = load_catalog().datasets
    assert list(datasets) == [
        "crashes",
        "people",
        "vehicles",
        "fatalities",
        "red_light_cameras",
        "speed_cameras",
        "wards",
        "community_areas",
        "police_beats",
        "cta_stops",
        "traffic_signals",
    ]
    required = [name for name, dataset in datasets.items() if dataset.required]
    assert required == ["crashes", "people", "vehicles", "fatalities"]
    assert datasets["traffic_signals"].id == "kfyz-pdh6"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{CRASHES[:-1]}, kye: x}}", "entry 'crashes', field 'kye': no such field"),
        (CRASHES.replace("85ca-t3if", "85ca"), "field 'id': expected the portal's id"),
        (CRASHES.replace("table", "tabel"), "field 'kind': expected"),
        (CRASHES.replace(", key: crash_record_id", ""), "expected either 'key' or 'made_from'"),
        (CRASHES.replace("title: Crashes, ", ""), "field 'title': missing"),
        (f"{CRASHES[:-1]}, required: perhaps}}", "field 'required': expected"),
        (f"{CRASHES[:-1]}, download_names: {{A: B}}}}", "field 'download_names.A': expected"),
        ("crashes: 85ca-t3if", "entry 'crashes': expected fields"),
        (CRASHES.replace("crashes:", "Crash Data:"), "entry 'Crash Data', field 'name'"),
        (f"{CRASHES}\n{CRASHES.replace('crashes:', 'again:')}", "already the id of 'crashes'"),
        (f"{CRASHES}\n{CRASHES}", "duplicate key"),
        (f"{CRASHES[:-1]}, name: x}}", "field 'name': no such field"),
        (CRASHES, "no entry has 'required: true'"),
        ("crashes: [", "is not valid YAML"),
        ("", "expected entries"),
    ],
)
def test_a_malformed_catalog_is_refused_in_one_line_with_what_was_expected(
    tmp_path: Path, text: str, said: str
) -> None:
    refused = refusal(tmp_path, text)
    assert said in refused
    assert "\n" not in refused


def test_an_unknown_dataset_is_a_wrong_call_that_names_the_choices() -> None:
    with pytest.raises(WrongCall, match="unknown dataset 'crash': choose from crashes, people"):
        load_catalog().select(["crash"])


def test_datasets_are_loaded_in_the_catalogs_order() -> None:
    chosen = load_catalog().select(["vehicles", "crashes"])
    assert [dataset.name for dataset in chosen] == ["crashes", "vehicles"]
