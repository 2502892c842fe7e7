"""The site's map of the city, in a browser without a network."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.contents import rows
from tests.made_site import RECENT, made_site
from tests.shared_warehouses import SharedWarehouses
from tests.site_browser import DESK, PHONE, SHOWN_S, SiteBrowser, site_browser, table, texts
from warehouse.settings import Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)
SEEN = (
    "const { xaxis, yaxis } = document.getElementById('map').layout;"
    " return [...xaxis.range, ...yaxis.range]"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[SiteBrowser]:
    with site_browser() as opened:
        yield opened


@pytest.fixture
def site(built: Target, shared_warehouses: SharedWarehouses) -> Path:
    return made_site(built, shared_warehouses)


def drawn_dots(browser: SiteBrowser) -> int:
    """The crashes that the map's data has drawn, by Plotly's own count of its dots."""
    dots: int = browser.run(
        "return document.getElementById('map').calcdata"
        ".filter((trace) => /diamond|circle/.test(trace[0].trace.marker?.symbol)"
        " && trace[0].trace.hovertemplate && /killed/.test((trace[0].trace.text || [])[0] || ''))"
        ".reduce((count, trace) => count + trace[0].trace.x.length, 0)"
    )
    return dots


def contrast_with_white(colour: str) -> float:
    """How far a colour, as `rgb(1, 2, 3)`, stands out, by WCAG's definition of contrast ratio."""
    parts = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    luminance = sum(
        weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )
    return 1.05 / (luminance + 0.05)


@on_duckdb
@pytest.mark.parametrize(
    ("chosen", "condition"),
    [
        ({}, "true"),
        ({"year": "2025"}, "extract(year from crash_date) = 2025"),
        ({"road_user": "pedestrian"}, "pedestrians > 0"),
        ({"road_user": "cyclist", "severity": "A"}, "cyclists > 0 and severity = 'A'"),
        ({"road_user": "motorists"}, "pedestrians = 0 and cyclists = 0"),
        ({"severity": "K"}, "severity = 'K'"),
        (
            {"year": "2024", "road_user": "cyclist", "severity": "K"},
            "extract(year from crash_date) = 2024 and cyclists > 0 and severity = 'K'",
        ),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else None,
)
def test_the_maps_filters_leave_the_crashes_that_the_mart_has(
    site: Path, built: Target, browser: SiteBrowser, chosen: dict[str, str], condition: str
) -> None:
    [counted] = rows(
        built,
        f"select count(*) as n from marts.crashes where is_ksi and {RECENT}"
        f" and coordinate_quality = 'ok' and {condition}",
    )
    browser.open(site / "map.html", PHONE)
    for name, value in chosen.items():
        Select(browser.chrome.find_element(By.NAME, name)).select_by_value(value)
    word = "crash" if counted["n"] == 1 else "crashes"
    assert texts(browser, "#shown[role=status]") == [f"{counted['n']:,} {word} shown"]
    assert drawn_dots(browser) == counted["n"]
    assert len(texts(browser, "#crash-table tbody tr")) == min(counted["n"], 50)
    assert browser.log() == []


@on_duckdb
def test_the_map_shows_the_layers_that_are_asked_for_and_goes_to_a_place(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "map.html", DESK)
    visible = (
        "return document.getElementById('map').data.filter((trace) => trace.visible !== false)"
        ".map((trace) => trace.x.length)"
    )
    before: list[int] = browser.run(visible)
    browser.chrome.find_element(By.NAME, "traffic_signals").send_keys(Keys.SPACE)
    [signals] = rows(
        built,
        "select count(*) as n from marts.feature_safety where layer = 'traffic_signals'"
        " and total_crashes > 0",
    )
    assert sorted(browser.run(visible)) == sorted([*before, signals["n"]])
    assert texts(browser, ".of-layer:not([hidden])") == ["Traffic signals"]
    Select(browser.chrome.find_element(By.NAME, "hexes")).select_by_value("ksi")
    centres = "return document.getElementById('map').data.find((one) => one.mode === 'none').x"
    [hexes] = rows(built, "select count(*) as n from marts.hexes where total_crashes > 0")
    assert len(browser.run(centres)) == hexes["n"]
    assert texts(browser, "[data-legend]:not([hidden]) p")[0].startswith(
        "Hexagons: people killed or seriously injured"
    )
    # Each stands out from white, as graphics should (WCAG 2.2, success criterion 1.4.11).
    swatches = "return [...document.querySelectorAll('[data-legend=ksi] .swatch')].map("
    colours = browser.run(f"{swatches}(one) => getComputedStyle(one).backgroundColor)")
    assert len(colours) > 1
    assert min(contrast_with_white(colour) for colour in colours) >= 3
    # Seven points a hexagon, which ends with a gap.
    [grave] = rows(built, "select count(*) as n from marts.hexes where total_ksi > 0")
    points = (
        "return document.getElementById('map').data.filter((one) => one.fill === 'toself')"
        ".reduce((count, one) => count + one.x.length, 0)"
    )
    assert browser.run(points) == 7 * grave["n"]

    seen = "return document.getElementById('map').layout.xaxis.range"
    whole = browser.run(seen)
    Select(browser.chrome.find_element(By.NAME, "place")).select_by_visible_text("Ward 27")
    [ward] = rows(
        built,
        "select st_xmin(geom) as least, st_xmax(geom) as most from marts.places"
        " where layer = 'wards' and place_id = '27'",
    )
    low, high = browser.run(seen)
    assert low < ward["least"] < ward["most"] < high
    assert high - low < (whole[1] - whole[0]) / 2
    browser.chrome.find_element(By.NAME, "nearer").click()
    nearer = browser.run(seen)
    assert nearer[1] - nearer[0] == pytest.approx(0.6 * (high - low))
    browser.chrome.find_element(By.NAME, "whole").send_keys(Keys.ENTER)
    assert browser.run(seen) == pytest.approx(whole)


@on_duckdb
def test_a_finger_on_the_map_moves_the_page_and_buttons_move_the_map(
    site: Path, browser: SiteBrowser
) -> None:
    with browser.touched():
        browser.open(site / "map.html", PHONE)
        browser.run("document.getElementById('map').scrollIntoView({ block: 'center' })")
        height = browser.run("return document.getElementById('map').clientHeight")
        assert height == pytest.approx(0.6 * PHONE[1], abs=1)
        before, whole = browser.run("return scrollY"), browser.run(SEEN)
        browser.swipe_up("#map")
        WebDriverWait(browser.chrome, SHOWN_S).until(
            lambda _: browser.run("return scrollY") > before + 75
        )
        assert browser.run(SEEN) == whole
        left, right, low, high = whole
        across, up = (right - left) / 2, (high - low) / 2
        for name, (x, y) in {
            "Move north": (0, up),
            "Move south": (0, -up),
            "Move west": (-across, 0),
            "Move east": (across, 0),
        }.items():
            button = browser.chrome.find_element(By.CSS_SELECTOR, f"button[aria-label='{name}']")
            button.send_keys(Keys.ENTER)
            assert browser.run(SEEN) == pytest.approx([left + x, right + x, low + y, high + y])
            browser.chrome.find_element(By.NAME, "whole").send_keys(Keys.SPACE)
            assert browser.run(SEEN) == pytest.approx(whole)
        assert browser.log() == []


@on_duckdb
def test_the_worst_hexagons_have_their_place_and_lead_to_the_map(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "map.html", DESK)
    [worst] = rows(
        built,
        "with worst as (select hex_id, total_ksi, st_centroid(geom) as centre from marts.hexes"
        " where total_crashes > 0 order by rank, hex_id limit 1)"
        " select worst.hex_id, worst.total_ksi, st_x(centre) as x, st_y(centre) as y,"
        " max(case when layer = 'wards' then label end) as ward,"
        " max(case when layer = 'community_areas' then label end) as area from worst"
        " inner join marts.places on st_intersects(places.geom, worst.centre) group by 1, 2, 3, 4",
    )
    [first, *_] = table(browser, "A hexagon, the 50 worst")
    place = [worst["ward"], worst["area"]]
    assert first[:5] == [worst["hex_id"], *place, "1", f"{worst['total_ksi']:,}"]
    said = browser.run(
        "return document.getElementById('map').data.find((one) => one.mode === 'none').text[0]"
    )
    assert said.startswith(f"{', '.join(place)}<br>")
    browser.run("document.querySelector('details:has([href=\"#hexagon-0\"])').open = true")
    browser.chrome.find_element(By.LINK_TEXT, worst["hex_id"]).send_keys(Keys.ENTER)

    def middle() -> list[float]:
        left, right, low, high = browser.run(SEEN)
        return [(left + right) / 2, (low + high) / 2]

    WebDriverWait(browser.chrome, SHOWN_S).until(
        lambda _: middle() == pytest.approx([worst["x"], worst["y"]], abs=1)
    )
    assert browser.log() == []


@on_duckdb
def test_a_year_that_is_in_part_on_the_map_says_so(
    site: Path, built: Target, browser: SiteBrowser
) -> None:
    browser.open(site / "map.html", DESK)
    [until] = rows(built, "select max(last_day) as day from marts.dashboard_metrics")
    last = until["day"]
    since = last.replace(year=last.year - 3, day=last.day + 1)
    assert texts(browser, "[name=year] option") == [
        "All three years",
        f"{last.year}, to {last:%B} {last.day}",
        *(str(year) for year in (last.year - 1, last.year - 2)),
        f"{since.year}, from {since:%B} {since.day}",
    ]
