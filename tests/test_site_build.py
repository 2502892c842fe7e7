"""A site is made whole or not at all, from what can be made one, by hand and by a deployment."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.site import site as site_flow
from tests.commands import command_here
from tests.made_site import HEADING, TREATMENTS, files, made_site
from tests.shared_warehouses import SharedWarehouses
from tests.test_cli import assert_one_line
from warehouse.connection import connect, spatial_extension
from warehouse.settings import Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)


@pytest.fixture
def site(built: Target, shared_warehouses: SharedWarehouses) -> Path:
    return made_site(built, shared_warehouses)


def test_without_a_warehouse_or_with_an_empty_one_it_says_to_sync_first(
    warehouse: Target, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    call = ("site", "--target", warehouse, "--out", str(folder))
    assert_one_line(command_here(*call), 1, "run 'warehouse sync' first")
    assert not folder.exists()


def test_marts_without_a_crash_or_a_figure_have_no_site(synced: Target, tmp_path: Path) -> None:
    call = ("site", "--target", synced, "--out", str(tmp_path / "site"))
    with connect(synced) as connection:
        connection.execute("delete from marts.dashboard_metrics where metric = 'total_ksi'")
    answer = command_here(*call)
    assert_one_line(answer, 1, "dashboard_metrics has no total_ksi", "run 'warehouse build'")
    with connect(synced) as connection:
        connection.execute("update marts.dashboard_metrics set first_day = null, last_day = null")
        connection.execute("delete from marts.crashes_daily")
    assert_one_line(command_here(*call), 1, "has no crashes yet: run 'warehouse sync' first")
    assert list(tmp_path.iterdir()) == []


@on_duckdb
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Lanes,-87.6278,41.8857,June 2022", ["line 2", "treated_on is 'June 2022'", "2022-06-01"]),
        ("Lanes,-87.6278,41.8857,2022-02-30", ["line 2", "'2022-02-30'"]),
        ("A,-87.6278,41.8857,2022-06-01\nB,-88.2,41.8857,2022-06-01", ["line 3", "not in Chicago"]),
        ("Lanes,41.8857,-87.6278,2022-06-01", ["line 2", "longitude is '41.8857'"]),
        ("Lanes,,41.8857,2022-06-01", ["line 2", "longitude is ''"]),
        ("Lanes,nan,41.8857,2022-06-01", ["line 2", "longitude is 'nan'"]),
        ("Lanes,-87.6_278,41.8857,2022-06-01", ["line 2", "longitude is '-87.6_278'"]),
        ("Lanes,-87.6278,41.8857,２０２２-06-01", ["line 2", "treated_on is '２０２２-06-01'"]),
        ("Lanes,-87.6278,41.8857,20220601", ["line 2", "treated_on is '20220601'", "2022-06-01"]),
        ("Lanes,-87.6278,41.8857,2022-06-01\0", ["line 2", "NUL"]),
        ('Lanes,-87.6278,41.8857,2022-06-01\n\n"New "lanes,,,', ["line 4", "quote"]),
        ('A,-87.6278,41.8857,2022-06-01\n"B,,,\n,,', ["line 3", "quote"]),
        ("A,x,41.8857,2022-06-01\nB,,,\nC,,,\nD,,,\nE,,,", ["line 2", "line 3", "and 2 more"]),
        (
            "A,-87.6278,41.8857,2022-06-01\nB,-87.6,41.8,2022-06-01\nA,-87.6278,41.8857,2022-06-01",
            ["line 4", "the same treatment as line 2"],
        ),
        (",-87.6278,41.8857,2022-06-01", ["line 2", "name is empty"]),
        ("Lanes, new,-87.6278,41.8857,2022-06-01", ["line 2", "more values than columns"]),
        ("Lanes,-87.6278,41.8857,2031-06-01", ["line 2", "2031-06-01", "expected a day"]),
        ("Lanes,-87.6278,41.8857,2001-06-01", ["line 2", "2001-06-01", "expected a day"]),
        ("", ["has no treatment"]),
    ],
)
def test_a_treatment_that_cannot_be_is_named_with_its_line_and_nothing_is_made(
    built: Target, tmp_path: Path, text: str, parts: list[str]
) -> None:
    listed = tmp_path / "treatments.csv"
    listed.write_text(f"{HEADING}\n{text}\n", encoding="utf-8")
    answer = command_here("site", "--out", str(tmp_path / "site"), "--treatments", str(listed))
    assert_one_line(answer, 2, str(listed), *parts)
    assert answer.stdout == ""
    assert list(tmp_path.iterdir()) == [listed]


@on_duckdb
def test_a_treatment_since_which_no_crash_is_known_yet_is_listed_and_not_compared(
    built: Target, tmp_path: Path
) -> None:
    listed, made = tmp_path / "treatments.csv", tmp_path / "site"
    listed.write_text(f"{HEADING}\nNew lanes,-87.6278,41.8857,2026-08-20\n,,,\n")
    command_here("site", "--out", str(made), "--treatments", str(listed))
    page = (made / "before-after.html").read_text()
    assert "New lanes" in page
    assert "Not to be compared yet" in page


@on_duckdb
@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"name,longitude,latitude\nLanes,-87.6,41.9\n", ["line 1", "no column 'treated_on'"]),
        (f"{HEADING},radius\n".encode(), ["line 1", "unknown column 'radius'", "radius_ft"]),
        (f"{HEADING}\nLanes\nLan\xe9s\n".encode("latin-1"), ["line 3", "UTF-8"]),
        (HEADING.replace(",", ";").encode(), ["line 1", "semicolons", "save it with commas"]),
        (f"{HEADING},Name\n".encode(), ["line 1", "'name' is there twice"]),
        (
            f"{HEADING},radius_ft\nA,-87.6278,41.8857,2022-06-01,0\n".encode(),
            ["radius_ft is '0'"],
        ),
        (f"{HEADING},years\nLanes,-87.6278,41.8857,2022-06-01,1.5\n".encode(), ["years is '1.5'"]),
        (None, ["cannot be read"]),
    ],
)
def test_a_file_that_lists_no_treatments_is_refused(
    built: Target, tmp_path: Path, content: bytes | None, parts: list[str]
) -> None:
    listed = tmp_path / "treatments.csv"
    if content is not None:
        listed.write_bytes(content)
    answer = command_here("site", "--out", str(tmp_path / "site"), "--treatments", str(listed))
    assert_one_line(answer, 2, str(listed), *parts)
    assert not (tmp_path / "site").exists()


@on_duckdb
def test_a_file_of_treatments_that_the_settings_name_is_blamed_on_them(
    built: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "treatments.csv"
    monkeypatch.setenv("WAREHOUSE_TREATMENTS", str(listed))
    answer = command_here("site", "--out", str(tmp_path / "site"))
    assert_one_line(answer, 2, f"WAREHOUSE_TREATMENTS {listed} cannot be read")
    assert "--treatments" not in answer.stderr


def test_without_community_areas_wards_tell_where_the_city_is_and_without_those_its_bounds(
    synced: Target, tmp_path: Path
) -> None:
    listed = tmp_path / "treatments.csv"
    call = ("--target", synced, "--out", str(tmp_path / "site"), "--treatments", str(listed))
    # One in the lake is outside of the city, and within the bounds of its coordinates.
    inside, lake, away = (
        f"Lanes,{place},2025-06-01" for place in ("-87.6278,41.8857", "-87.55,41.9", "-88.2,41.8")
    )
    for change, refused, told_by in (
        ("update marts.{} set layer = 'wards'", [lake, away], "not in Chicago, by its wards"),
        ("delete from marts.{}", [away], "by the bounds of crashes' coordinates"),
    ):
        with connect(synced) as connection:
            if synced == "duckdb":
                connection.execute(f"load '{spatial_extension()}'")
            for table in ("places", "place_scorecards", "place_months"):
                connection.execute(change.format(table))
        for one in refused:
            listed.write_text(f"{HEADING}\n{inside}\n{one}\n")
            assert_one_line(command_here("site", *call), 2, "line 3", told_by)
        listed.write_text("\n".join([HEADING, *({inside, lake, away} - set(refused))]))
        done = command_here("site", *call)
        assert done.returncode == 0, done.stderr


@on_duckdb
def test_a_folder_that_is_no_site_is_left_alone(built: Target, tmp_path: Path) -> None:
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter.txt").write_text("of mine")
    assert_one_line(command_here("site", "--out", str(mine)), 2, str(mine), "no site")
    assert_one_line(
        command_here("site", "--out", str(mine / "chapter.txt")), 2, "chapter.txt", "no folder"
    )
    below = mine / "chapter.txt" / "site"
    assert_one_line(command_here("site", "--out", str(below)), 1, str(below), "cannot be written")
    unnameable = tmp_path / ("x" * 300)
    assert_one_line(
        command_here("site", "--out", str(unnameable)), 1, str(unnameable), "cannot be read"
    )
    link = tmp_path / "link"
    link.symlink_to(mine)
    assert_one_line(command_here("site", "--out", str(link)), 2, "no folder")
    assert files(mine) == {"chapter.txt": b"of mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "thesis"]


@on_duckdb
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_leaves_the_site_before_and_the_next_is_whole(
    site: Path, built: Target, tmp_path: Path, ended_by: signal.Signals
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    (folder / "of-yesterday.html").write_text("of yesterday")
    before = files(folder)
    program = Path(sys.executable).with_name("warehouse")
    with subprocess.Popen(
        [program, "site", "--out", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as building:
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".site-*/site/index.html")) and time.monotonic() < until:
            time.sleep(0.01)
        building.send_signal(ended_by)
        _, said = building.communicate(timeout=60)
    assert files(folder) == before
    beside = [path for path in tmp_path.iterdir() if path != folder]
    if ended_by == signal.SIGINT:
        assert building.returncode == 1
        assert said == b"warehouse: interrupted: the site is as it was before\n"
        assert beside == []
    else:
        assert len(beside) == 1
    # Killed before any step of the exchange it would have left one as well.
    was_there: list[bool] = []

    def look(event: str, _: tuple[object, ...]) -> None:
        if event == "os.rename" and is_looking:
            was_there.append((folder / "index.html").exists())

    is_looking = True
    sys.addaudithook(look)
    done = command_here("site", "--out", str(folder))
    is_looking = False
    assert done.returncode == 0, done.stderr
    assert all(was_there)
    assert list(tmp_path.iterdir()) == [folder]
    assert "of-yesterday.html" not in files(folder)
    assert before.keys() - files(folder).keys() == {"of-yesterday.html"}


@on_duckdb
def test_the_deployment_makes_it_where_the_settings_say(
    built: Target, prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "treatments.csv"
    listed.write_text(TREATMENTS, encoding="utf-8")
    monkeypatch.setenv("WAREHOUSE_SITE", str(tmp_path / "served"))
    monkeypatch.setenv("WAREHOUSE_TREATMENTS", str(listed))
    index = site_flow(target=built)
    assert index == str(tmp_path / "served" / "index.html")
    assert "Road diet" in (tmp_path / "served" / "before-after.html").read_text(encoding="utf-8")
