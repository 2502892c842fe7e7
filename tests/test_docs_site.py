"""What `warehouse docs` makes: a page that a newcomer can read in a browser, without a network."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.commands import warehouse_command
from tests.docs_site import DocsSite
from tests.test_cli import assert_one_line
from warehouse.lock import sync_lock
from warehouse.settings import DBT_PROJECT, Target

on_duckdb = pytest.mark.parametrize("target", ["duckdb"], indirect=True)

MODEL = "model.chicago_crash_warehouse"
# Far above what a page takes on a busy machine.
SHOWN_S = 60
VISIBLE_NODES = "return window.graph ? window.graph.nodes(':visible').map(n => n.id()) : []"
# Whether anything is drawn, of each canvas that the graph is drawn on.
DRAWN = """
return [...document.querySelectorAll('#cy canvas')].map(canvas => canvas.getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0))
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chrome]:
    """A browser that finds no host but this machine."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        pytest.fail("no Chromium: run the tests with 'make test' or 'tests/with-chromium pytest'")
    options = ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--disable-dev-shm-usage",
        "--window-size=1400,1000",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        # Chromium has no sandbox for root, who may be the one to run tests in a container.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    browser = Chrome(options=options, service=ChromeService(driver))
    yield browser
    browser.quit()


def shown(browser: Chrome, what: Callable[[Chrome], Any]) -> Any:
    """What the page comes to show."""
    return WebDriverWait(browser, SHOWN_S).until(what)


def text_of(browser: Chrome) -> str:
    return browser.find_element(By.CSS_SELECTOR, ".app-content, body").text


def asked_for(browser: Chrome) -> set[str]:
    """The addresses that the page asked for since the last call."""
    log: list[dict[str, str]] = browser.get_log("performance")  # type: ignore[no-untyped-call]
    messages = (json.loads(entry["message"])["message"] for entry in log)
    return {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }


@on_duckdb
def test_a_browser_without_a_network_shows_the_overview(
    docs_site: DocsSite, chromium: Chrome
) -> None:
    asked_for(chromium)
    chromium.get(docs_site.page.as_uri())
    shown(chromium, lambda browser: "The Chicago crash warehouse" in text_of(browser))
    text = text_of(chromium)
    assert "portal → raw → staging → intermediate → marts and quality" in text
    links = chromium.find_elements(By.CSS_SELECTOR, "a[href^='#!/model/']")
    named = {
        (link.get_attribute("href") or "").partition("#!/model/")[2] for link in links if link.text
    }
    assert len(named) >= 4
    assert named <= docs_site.docs().manifest["nodes"].keys()
    # Its own file and what is in it; dbt's page also asks for icons that are not beside it.
    beside = docs_site.page.parent.as_uri()
    strangers = {url for url in asked_for(chromium) if not url.startswith((beside, "data:"))}
    assert not strangers


@on_duckdb
def test_a_marts_page_shows_its_columns_and_its_lineage(
    docs_site: DocsSite, chromium: Chrome
) -> None:
    chromium.get("about:blank")
    chromium.get(f"{docs_site.page.as_uri()}#!/model/{MODEL}.crashes")
    shown(chromium, lambda browser: "a crash that the Chicago police reported" in text_of(browser))
    text = text_of(chromium)
    docs = docs_site.docs()
    columns = docs.catalog["nodes"][f"{MODEL}.crashes"]["columns"]
    assert len(columns) > 50
    cells = {cell.get_attribute("textContent") for cell in cells_of(chromium)}
    assert {name for name in columns if not any(name in (cell or "") for cell in cells)} == set()
    assert "The streets with the most crashes that killed or seriously injured somebody." in text

    chromium.find_element(By.CSS_SELECTOR, ".launcher-btn a").click()
    upstream = set(docs.manifest["parent_map"][f"{MODEL}.crashes"])
    assert f"{MODEL}.stg_crashes" in upstream
    shown(chromium, lambda browser: upstream <= set(browser.execute_script(VISIBLE_NODES)))
    shown(chromium, lambda browser: any(browser.execute_script(DRAWN)))


def cells_of(browser: Chrome) -> list[Any]:
    return browser.find_elements(By.CSS_SELECTOR, "table td")


def test_serve_shows_the_page_on_loopback_until_ctrl_c(docs_site: DocsSite) -> None:
    seen = docs_site.seen
    assert seen["line"].startswith("http://127.0.0.1:")
    assert (seen["code"], seen["rest"]) == (0, "")
    assert (docs_site.folder / "served.html").read_bytes() == docs_site.page.read_bytes()
    # Nothing else of the folder, and no half of a page, is left or shown.
    assert seen["other"] == 404
    assert [file.name for file in docs_site.page.parent.iterdir()] == ["index.html"]


def test_every_table_and_column_that_is_there_is_described(docs_site: DocsSite) -> None:
    docs = docs_site.docs()
    declared = docs.manifest["nodes"] | docs.manifest["sources"]
    tables = docs.catalog["nodes"] | docs.catalog["sources"]
    # The functions are asked like tables, and are none.
    missing = {
        name
        for name, node in declared.items()
        if node["resource_type"] in ("model", "seed", "source")
        and node["config"].get("materialized") != "table_function"
        and name not in tables
    }
    assert not missing
    silent = [
        f"{name}.{column}"
        for name, table in tables.items()
        for column in table["columns"]
        if not declared[name]["columns"].get(column, {}).get("description", "").strip()
    ]
    assert not silent, "no description: " + ", ".join(silent)


@pytest.mark.parametrize(
    ("call", "code", "parts"),
    [
        (["--port", "8081"], 2, ["--port", "--serve"]),
        (["--out", str(DBT_PROJECT / "dbt_project.yml")], 2, ["dbt_project.yml", "is a file"]),
        (["--target", "oracle"], 2, ["'oracle'", "duckdb, postgis"]),
        ([], 1, ["no warehouse at", "warehouse sync"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_call_that_cannot_succeed_gets_one_line_and_leaves_no_page(
    call: list[str], code: int, parts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DUCKDB_PATH", str(tmp_path / "new" / "warehouse.duckdb"))
    answer = warehouse_command("docs", "--out", f"{tmp_path}/site", *call)
    assert_one_line(answer, code, *parts)
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_without_marts_or_in_a_sync_has_no_docs_now(
    loaded: Target, tmp_path: Path
) -> None:
    page = tmp_path / "index.html"
    page.write_text("of yesterday")
    call = ("docs", "--target", loaded, "--out", str(tmp_path))
    assert_one_line(warehouse_command(*call), 1, "no marts", "warehouse build")
    with sync_lock(loaded):
        cause = "another process uses it" if loaded == "duckdb" else "another sync"
        assert_one_line(warehouse_command(*call), 1, cause)
    assert page.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [page]


@on_duckdb
def test_where_dbt_fails_the_page_stays_and_dbts_reason_is_said(
    built: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "index.html"
    page.write_text("of yesterday")
    monkeypatch.setenv("DBT_WARN_ERROR_OPTIONS", "no options")
    answer = warehouse_command("docs", "--target", built, "--out", str(tmp_path))
    assert_one_line(answer, 1, "dbt docs generate: The YAML", "--warn-error-options")
    assert page.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [page]
