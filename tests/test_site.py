"""What `warehouse site` makes: pages that show the marts, in a browser without a network."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from serving.site.words import place_page
from tests.commands import command_here
from tests.conftest import Filled
from tests.contents import rows
from tests.made_site import RECENT, files, made_site
from tests.shared_warehouses import SharedWarehouses, pointing_to
from tests.site_browser import DESK, PHONE, SiteBrowser, site_browser, table, texts
from warehouse.connection import connect, spatial_extension
from warehouse.settings import TARGETS, Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)

# What a phone loads in a moment: of the first view, and of a place's page.
FIRST_VIEW_BYTES, PLACE_BYTES = 6_000_000, 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[SiteBrowser]:
    with site_browser() as opened:
        yield opened


@pytest.fixture
def site(built: Target, shared_warehouses: SharedWarehouses) -> Path:
    return made_site(built, shared_warehouses)


def words(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def signed(change: float) -> str:
    return f"{change:+.1%}".replace("-", "−")


def place_with(target: Target, condition: str) -> tuple[str, str]:
    """A ward or community area for whose scorecard something holds."""
    [row] = rows(
        target,
        "select layer, place_id from marts.place_scorecards where layer in"
        f" ('wards', 'community_areas') and {condition} order by layer, rank_in_layer limit 1",
    )
    return row["layer"], row["place_id"]


@on_duckdb
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_each_kind_of_page_opens_from_a_folder_without_a_network(
    site: Path, built: Target, browser: SiteBrowser, size: tuple[int, int]
) -> None:
    worst = place_page(*place_with(built, "rank_in_layer = 1"))
    quiet = place_page(*place_with(built, "total_ksi = 0"))
    for page in (
        *("index.html", "map.html", "places.html", worst, quiet),
        *("before-after.html", "data.html", "marts.html"),
    ):
        browser.open(site / page, size)
        assert browser.log() == [], page
        asked = {url for url in browser.asked_for() if not url.startswith("data:")}
        assert asked
        assert all(url.startswith(site.as_uri()) for url in asked), page
        assert browser.violations() == [], page
        # Wider than the window is at most what is moved aside by itself.
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), page
        assert browser.run("return document.querySelectorAll('.figure:empty').length") == 0, page
        assert texts(browser, "h1")[0]
        assert "What this page leaves out" in texts(browser, "h2"), page
        assert texts(browser, ".notice") == ["Sample data: these crashes are made up."], page
        drawn = texts(browser, "section.chart > h3")
        behind = browser.run("return document.querySelectorAll('section.chart details').length")
        assert behind >= len(drawn), page


@on_duckdb
def test_each_figure_names_its_mart_and_leads_to_its_docs(site: Path) -> None:
    marts = (site / "marts.html").read_text(encoding="utf-8")
    known = set(re.findall(r'id="([^"]+)"', marts))
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        sections = re.findall(r"<section.*?</section>", text, re.DOTALL)
        named = re.findall(r'href="(?:\.\./)?marts\.html#([^"]+)"><code>([\w.]+)</code>', text)
        assert {anchor for anchor, _ in named} <= known, path
        assert all(anchor == mart.replace(".", "-") for anchor, mart in named)
        if path.name not in ("marts.html", "map.html"):
            assert all('class="source"' in one for one in sections), path
        assert path.name == "marts.html" or named, path
        # Where a script draws, it says what is missing without one.
        assert ('<div class="figure' in text) == ("needs JavaScript" in text), path
    contents = re.findall(r'<li><a href="#(marts-\w+|quality-\w+)">', marts)
    assert sorted(contents) == sorted(one for one in known if re.match("(marts|quality)-", one))


def test_both_engines_make_the_same_site_but_for_when_they_were_loaded(
    built_once: Filled, shared_warehouses: SharedWarehouses
) -> None:
    made = []
    for target in TARGETS:
        with pointing_to(target, built_once(target)):
            made.append(files(made_site(target, shared_warehouses)))
    instant = re.compile(rb"\w+ \d+, \d{4}, \d\d:\d\d")
    on_duckdb, on_postgis = (
        one | {"data.html": instant.sub(b"then", one["data.html"])} for one in made
    )
    assert on_duckdb.keys() == on_postgis.keys()
    assert [name for name in on_duckdb if on_duckdb[name] != on_postgis[name]] == []
    # A page for each ward and community area.
    assert len([name for name in on_duckdb if name.startswith("places/")]) == 127


@on_duckdb
def test_the_overviews_figures_are_those_of_the_marts(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "index.html", DESK)
    figures = dict(zip(texts(browser, ".cards .of"), texts(browser, ".figure-of"), strict=True))
    year = {
        row["metric"]: row
        for row in rows(built, "select * from marts.dashboard_metrics where span = 'year_to_date'")
    }
    for name, metric in (
        ("Crashes", "total_crashes"),
        ("People injured", "total_injuries"),
        ("People killed", "total_fatalities"),
        ("Killed or seriously injured", "total_ksi"),
        ("Crashes with a pedestrian", "pedestrian_crashes"),
        ("Crashes with a cyclist", "cyclist_crashes"),
    ):
        assert figures[name] == f"{year[metric]['figure']:,}"
    cost = year["comprehensive_cost_usd"]["figure"]
    assert figures["Comprehensive cost"] == f"${cost / 1e6:.3g} million"

    [months] = rows(
        built,
        "select sum(total_crashes) as crashes from marts.crashes_daily where crash_date >= ("
        " select max(date_trunc('month', crash_date)) - interval '71 months'"
        " from marts.crashes_daily)",
    )
    shown = table(browser, "A month; provisional ones may still grow")
    assert len(shown) == 72
    assert sum(int(row[1].replace(",", "")) for row in shown) == months["crashes"]
    provisional = rows(built, "select month_start from marts.reporting_lag where is_provisional")
    marked = {row[0].removesuffix(" (provisional)") for row in shown if "(provisional)" in row[0]}
    assert marked == {f"{row['month_start']:%B %Y}" for row in provisional}

    hours = rows(
        built,
        "select extract(hour from crashed_at) as hour, extract(isodow from crash_date) as day,"
        f" count(*) as crashes from marts.crashes where {RECENT} group by 1, 2",
    )
    shown = table(browser, "All crashes: an hour of the day")
    assert len(hours) > 100
    for row in hours:
        assert shown[int(row["hour"])][int(row["day"])] == f"{row['crashes']:,}"
    kinds = rows(
        built, "select category, sum(total_ksi) as ksi from marts.crashes_by_cause group by 1"
    )
    shown = table(browser, "A kind of cause")
    assert {row[0]: row[4] for row in shown} == {
        row["category"]: f"{int(row['ksi']):,}" for row in kinds
    }


@on_duckdb
def test_the_scorecard_has_the_marts_figures_and_is_sorted_by_the_keyboard(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "places.html", PHONE)
    by_rank = rows(
        built,
        "select * from marts.place_scorecards where layer = 'wards'"
        " order by rank_in_layer, cast(place_id as integer)",
    )
    shown = table(browser, "Wards, the last twelve whole months")
    expected = [
        [row["label"], f"{row['rank_in_layer']}", f"{row['total_ksi']:,}"] for row in by_rank
    ]
    assert [row[:3] for row in shown] == expected
    headings = browser.chrome.find_elements(By.CSS_SELECTOR, "table thead th")
    [crashes] = [one for one in headings[:12] if one.text == "Crashes"]
    button = crashes.find_element(By.TAG_NAME, "button")
    for order, direction in (("desc", "descending"), ("asc", "ascending")):
        button.send_keys(Keys.ENTER)
        assert crashes.get_attribute("aria-sort") == direction
        sorted_by = [row[6] for row in table(browser, "Wards, the last twelve whole months")]
        counts = rows(
            built,
            "select total_crashes as n from marts.place_scorecards where layer = 'wards'"
            f" order by n {order}",
        )
        assert sorted_by == [f"{row['n']:,}" for row in counts]
    assert "sorted by Crashes, the least first" in texts(browser, "#sorted")[0]
    # Where there is no mean before, there is no trend: it comes last either way.
    trends = "select count(*) as n from marts.place_scorecards where layer = 'wards' and ksi_trend"
    [without] = rows(built, f"{trends} is null")
    [column] = [one for one in headings[:12] if one.text == "KSI against the years before"]
    column.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    shown = table(browser, "Wards, the last twelve whole months")
    assert {row[3] for row in shown[len(shown) - without["n"] :]} <= {"–"}
    assert "–" not in {row[3] for row in shown[: len(shown) - without["n"]]}


@on_duckdb
def test_a_places_page_has_its_figures_deaths_and_crossings(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    [place] = rows(
        built,
        "select places.layer, places.place_id, count(*) as deaths, max(places.label) as label"
        " from marts.places inner join marts.fatalities on st_intersects(places.geom,"
        " fatalities.geom) where places.layer = 'wards' and fatalities.crash_date > (select"
        " max(last_day) - interval '5 years' from marts.dashboard_metrics)"
        " group by 1, 2 order by 3 desc, 2 limit 1",
    )
    key = f"layer = '{place['layer']}' and place_id = '{place['place_id']}'"
    browser.open(site / place_page(place["layer"], place["place_id"]), PHONE)
    assert texts(browser, "h1") == [place["label"]]
    [card] = rows(built, f"select * from marts.place_scorecards where {key}")
    figures = dict(zip(texts(browser, ".cards .of"), texts(browser, ".figure-of"), strict=True))
    assert figures["Crashes"] == f"{card['total_crashes']:,}"
    assert figures["Killed or seriously injured"] == f"{card['total_ksi']:,}"
    assert len(table(browser, "A death of the City's Vision Zero list")) == place["deaths"]
    left_out = " ".join(texts(browser, "[aria-labelledby=left-out] li"))
    assert "and one on a boundary is on both sides’ pages" in left_out
    assert texts(browser, "#map-title")[0].startswith("A map of them, since ")
    grave = rows(
        built,
        "select crashes.crash_date from marts.crashes inner join marts.crashes_in_places"
        f" as places on crashes.crash_record_id = places.crash_record_id where {key} and is_ksi"
        f" and {RECENT} order by crashed_at desc",
    )
    shown = table(browser, "A crash in which somebody was killed or seriously injured")
    assert [row[0] for row in shown] == ([words(row["crash_date"]) for row in grave] or ["None."])
    crossings = table(browser, "A crossing with a traffic signal")
    assert 0 < len(crossings) <= 10
    [worst] = rows(
        built,
        f"select * from marts.feature_safety where layer = 'traffic_signals' and label ="
        f" '{crossings[0][0]}'",
    )
    assert crossings[0][1:5] == [
        f"{worst[name]:,}"
        for name in ("total_ksi", "total_fatalities", "total_injuries", "total_crashes")
    ]


@on_duckdb
def test_a_place_without_deaths_or_grave_crashes_says_so(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    [place] = rows(
        built,
        "select places.layer, places.place_id from marts.places left join marts.fatalities on"
        " st_intersects(places.geom, fatalities.geom) left join (select inside.layer,"
        " inside.place_id from marts.crashes_in_places as inside inner join marts.crashes on"
        f" inside.crash_record_id = crashes.crash_record_id where is_ksi and {RECENT}) as grave"
        " on places.layer = grave.layer and places.place_id = grave.place_id where places.layer"
        " = 'community_areas' and grave.layer is null and fatalities.fatality_id is null"
        " order by 2 limit 1",
    )
    browser.open(site / place_page(place["layer"], place["place_id"]), DESK)
    text = browser.chrome.find_element(By.TAG_NAME, "main").text
    assert "In these years nobody was killed or seriously injured in a crash here." in text
    assert "has no death here in the five years" in text
    assert browser.log() == []


@on_duckdb
def test_each_treatment_has_the_windows_of_the_function(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "before-after.html", DESK)
    # What the user wrote is text, and no part of the page.
    assert texts(browser, "h2")[:6] == [
        *("Lanes, <protected> & new", "Road diet", "Quiet street, January 15, 2023"),
        *(f"Quiet street, January 16, 2023, {radius} ft" for radius in ("1", "1.5")),
        "Bus lanes",
    ]
    windows = rows(
        built,
        "select * from marts.before_after(-87.6278, 41.8857, 5000, date '2022-06-01', 3)"
        " order by year_number",
    )
    shown = table(browser, "A year before or after the treatment")
    assert [row[2:6] for row in shown] == [
        [
            f"{row[name]:,}"
            for name in ("total_crashes", "total_injuries", "total_fatalities", "total_ksi")
        ]
        for row in windows
    ]
    compared = {row[0]: row[1:] for row in table(browser, "The whole years on each side")}
    counted = {
        (name, period): sum(row[name] for row in windows if row["period"] == period)
        for name in ("total_crashes", "total_ksi", "city_crashes", "city_ksi")
        for period in ("before", "after")
    }

    def line(here: str, city: str | None = None) -> list[str]:
        before, after = counted[here, "before"], counted[here, "after"]
        of_city = counted[city, "after"] / counted[city, "before"] if city else None
        return [
            *(f"{count:,}" for count in (before, after)),
            *(
                f"{count / 3:.1f}" if count < 300 else f"{count / 3:,.0f}"
                for count in (before, after)
            ),
            signed(after / before - 1),
            signed(after / before / of_city - 1) if of_city else "–",
        ]

    assert compared == {
        "Crashes here": line("total_crashes", "city_crashes"),
        "Killed or seriously injured here": line("total_ksi", "city_ksi"),
        "Crashes in the whole city": line("city_crashes"),
        "Killed or seriously injured in the whole city": line("city_ksi"),
    }
    text = browser.chrome.find_element(By.TAG_NAME, "main").text
    assert counted["total_ksi", "before"] < 20 <= counted["total_crashes", "before"]
    ksi = counted["total_ksi", "before"]
    assert f"in the years before there were {ksi} killed or seriously injured." in text
    assert "in the years before there were 0 crashes and 0 killed or seriously injured." in text
    assert texts(browser, "[aria-labelledby=treatment-3-title] > p")[0] == (
        "No crashes in these years."
    )
    assert texts(browser, "#treatment-6 .legendtext") == [
        *("Before the treatment", "Not a whole year after"),
    ]
    assert "the warehouse has no whole year after the treatment" in text
    assert "(not whole)" in " ".join(texts(browser, "td"))


@on_duckdb
def test_the_state_of_the_data_is_that_of_quality(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "data.html", DESK)
    compared = {row[0]: row[1:5] for row in table(browser, "its last comparison")}
    assert compared["Crashes"] == ["5,000", "5,000", "0", "0"]
    fresh = {row[0]: row[1] for row in table(browser, "when it was last loaded")}
    assert fresh["Crashes"] == "5,000"
    changed = rows(
        built,
        "select dataset, column_name, rule, sum(values_changed) as n from quality.rule_effects"
        " group by 1, 2, 3 having sum(values_changed) > 0",
    )
    shown = table(browser, "A rule of a column that changed a value")
    assert {(row[0], int(row[3].replace(",", ""))) for row in shown} == {
        (f"{row['dataset']}.{row['column_name']}", int(row["n"])) for row in changed
    }
    [missing] = rows(
        built,
        "select sum(crashes) as n from quality.coordinate_quality where month is not null"
        " and coordinate_quality = 'missing'",
    )
    shown = table(browser, "A year and a class of coordinates")
    counts = [int(row[2].replace(",", "")) for row in shown if row[1] == "missing"]
    assert sum(counts) == missing["n"]


@on_duckdb
def test_the_first_view_and_each_places_page_are_small(site: Path) -> None:
    shared = sum(path.stat().st_size for path in (site / "assets").iterdir())
    for page in ("index.html", "map.html"):
        assert (site / page).stat().st_size + shared < FIRST_VIEW_BYTES
    sizes = [path.stat().st_size for path in (site / "places").iterdir()]
    assert max(sizes) < PLACE_BYTES


@on_duckdb
def test_a_small_warehouse_without_wards_and_cameras_has_a_site_and_no_notice_if_it_is_no_sample(
    synced: Target, tmp_path: Path, browser: SiteBrowser
) -> None:
    with connect(synced) as connection:
        connection.execute(f"load '{spatial_extension()}'")
        connection.execute("delete from marts.fatalities")
        connection.execute("update ops.sync_runs set is_sample = false")
        connection.execute(
            "update marts.dashboard_metrics set figure = 100001, figure_year_before = 100000"
            " where metric = 'total_crashes'"
        )
    done = command_here("site", "--out", str(tmp_path / "site"))
    assert done.returncode == 0, done.stderr
    for page in ("index.html", "map.html", "places.html", "before-after.html", "data.html"):
        browser.open(tmp_path / "site" / page, PHONE)
        assert browser.log() == [], page
        assert browser.violations() == [], page
        assert texts(browser, ".notice") == []
        assert "SAMPLE" not in browser.chrome.title
    browser.open(tmp_path / "site" / "index.html", DESK)
    # A change that rounds to no per cent has none.
    assert texts(browser, ".against")[0].startswith("+1100,000 the year before")
    browser.open(tmp_path / "site" / "places.html", DESK)
    assert texts(browser, ".to-sync code") == ["warehouse sync wards"]
    assert texts(browser, "h2") == ["Community areas", "What this page leaves out"]
    browser.open(tmp_path / "site" / "places" / "community-area-32.html", DESK)
    assert texts(browser, ".to-sync code") == ["warehouse sync fatalities"]
    assert "The warehouse has not the City’s Vision Zero list." in texts(browser, "p")
    browser.open(tmp_path / "site" / "map.html", DESK)
    layers = "wards red_light_cameras speed_cameras"
    assert texts(browser, ".to-sync code") == [f"warehouse sync {layers}"]
    assert texts(browser, ".checks label") == ["Crashes", "Traffic signals"]
    assert texts(browser, "[name=outlines] option") == ["Community areas", "None"]
    browser.open(tmp_path / "site" / "before-after.html", DESK)
    assert "No treatments were given" in texts(browser, "h2")
    assert texts(browser, "table") == []
    names = {path.name for path in (tmp_path / "site" / "places").iterdir()}
    assert len(names) == 77
    assert all(name.startswith("community-area-") for name in names)
