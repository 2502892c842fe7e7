"""A browser in which the static site is opened from its folder, without any network.

`python -m tests.site_browser SITE PICTURE` takes the README's picture of a site.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.ui import WebDriverWait

PHONE, DESK, PICTURE = (360, 740), (1280, 900), (1040, 640)
# Far above what a page takes on a busy machine.
SHOWN_S = 60
_DRAWN = """
const { drawn, map } = document.documentElement.dataset;
const has = (name) => Boolean(document.querySelector(`script[src$='${name}']`));
return (!has('charts.js') || drawn === 'charts') && (!has('map.js') || map === 'drawn');
"""


class SiteBrowser:
    """Chromium, headless; it finds no host at all.

    Attributes:
        chrome: what is driven.
    """

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    def open(self, page: Path, size: tuple[int, int]) -> None:
        """Open a page, when its charts are drawn.

        Args:
            page: its file.
            size: of what is seen, in pixels of the style sheet.
        """
        width, height = size
        self.chrome.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        self.chrome.get("about:blank")
        self.log()
        self.asked_for()
        self.chrome.get(page.as_uri())
        WebDriverWait(self.chrome, SHOWN_S).until(lambda chrome: chrome.execute_script(_DRAWN))

    @contextmanager
    def touched(self) -> Iterator[None]:
        """While the block lasts it has no mouse: who opens a page has a finger."""
        touch = "Emulation.setTouchEmulationEnabled"
        self.chrome.execute_cdp_cmd(touch, {"enabled": True, "maxTouchPoints": 5})
        try:
            yield
        finally:
            self.chrome.execute_cdp_cmd(touch, {"enabled": False})

    def swipe_up(self, selector: str, length: int = 150) -> None:
        """Let a finger that begins in the middle of an element go up, as who reads on does."""
        x, y = self.run(
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [box.left + box.width / 2, box.top + box.height / 2]",
            selector,
        )
        touch = "Input.dispatchTouchEvent"
        steps = [{"x": x, "y": y - length * step / 10} for step in range(11)]
        for kind, point in [("touchStart", steps[0])] + [("touchMove", step) for step in steps[1:]]:
            self.chrome.execute_cdp_cmd(touch, {"type": kind, "touchPoints": [point]})
        self.chrome.execute_cdp_cmd(touch, {"type": "touchEnd", "touchPoints": []})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self.chrome.execute_script(script, *arguments)

    def log(self) -> list[str]:
        """What the page wrote to the console since the last call: warnings and errors."""
        entries: list[dict[str, str]] = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [f"{entry['level']}: {entry['message']}" for entry in entries]

    def asked_for(self) -> set[str]:
        """The addresses that were asked for since the last call."""
        log: list[dict[str, str]] = self.chrome.get_log("performance")  # type: ignore[no-untyped-call]
        messages = (json.loads(entry["message"])["message"] for entry in log)
        return {
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }

    def violations(self) -> list[str]:
        """What axe finds against the page, a line each; also its best practices.

        Of a chart it sees the name alone, as a screen reader does: thousands of dots are one image.
        """
        self.run(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found = self.chrome.execute_async_script(
            "const done = arguments[0];"
            "axe.run({ exclude: [['.main-svg']] }, { resultTypes: ['violations'] })"
            ".then(done, (error) => done({ error: `${error}` }));"
        )
        assert "error" not in found, found
        assert len(found["passes"]) > 10
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


@contextmanager
def site_browser() -> Iterator[SiteBrowser]:
    """Chromium while the block lasts."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        pytest.fail("no Chromium: run the tests with 'make test' or 'tests/with-chromium pytest'")
    options = ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        # Chromium has no sandbox for root, who may be the one to run tests in a container.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    chrome.set_script_timeout(SHOWN_S)
    try:
        yield SiteBrowser(chrome)
    finally:
        chrome.quit()


def texts(browser: SiteBrowser, selector: str) -> list[str]:
    """What elements say, also such as are folded away."""
    script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())"
    said: list[str] = browser.run(script, selector)
    return said


def table(browser: SiteBrowser, caption: str) -> list[list[str]]:
    """The cells of the rows of the first table whose caption has this in it."""
    script = """
        const found = [...document.querySelectorAll('table')]
            .find((table) => table.caption.textContent.includes(arguments[0]));
        return [...found.tBodies[0].rows]
            .map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    """
    cells: list[list[str]] = browser.run(script, caption)
    return cells


def main(site: Path, picture: Path) -> None:
    """Take the picture of a site's map that the README shows: the middle of the city."""
    with site_browser() as browser:
        browser.open(site / "map.html", PICTURE)
        browser.run(
            "document.querySelector('.controls').scrollIntoView();"
            "document.body.style.overflow = 'hidden';"
            "const { place } = document.getElementById('controls').elements;"
            "place.value = [...place.options].find((one) => one.text === 'Ward 42').value;"
            "place.dispatchEvent(new Event('change', { bubbles: true }));"
        )
        browser.run("document.querySelector('[name=farther]').click()")
        browser.chrome.save_screenshot(str(picture))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
