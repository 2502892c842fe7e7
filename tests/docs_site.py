"""The docs site of a warehouse, made once and kept with what its making showed."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.docs import Docs
from tests.contents import reading
from warehouse.settings import Target


@dataclass(frozen=True)
class DocsSite:
    """A folder of `make_site`."""

    folder: Path

    @property
    def page(self) -> Path:
        return self.folder / "site" / "index.html"

    @property
    def seen(self) -> dict[str, Any]:
        """What was seen while the page was served."""
        seen: dict[str, Any] = json.loads((self.folder / "seen.json").read_text())
        return seen

    def docs(self) -> Docs:
        """What dbt wrote into the page for its script to show."""
        text = self.page.read_text(encoding="utf-8")
        manifest, catalog = (_embedded(text, name) for name in ("manifest", "catalog"))
        return Docs(self.page, manifest, catalog)


def _embedded(page: str, name: str) -> dict[str, Any]:
    [start] = [found.end() for found in re.finditer(f'[{{,]{name}:(?={{"metadata")', page)]
    data: dict[str, Any] = json.JSONDecoder().raw_decode(page, start)[0]
    return data


def make_site(target: Target, folder: Path) -> None:
    """Make the site as a person does who looks at it, while another reads the warehouse."""
    with reading(target):
        _make_site(target, folder)


def _make_site(target: Target, folder: Path) -> None:
    program = Path(sys.executable).with_name("warehouse")
    options = ("--target", target, "--out", str(folder / "site"), "--serve", "--port", "0")
    with subprocess.Popen(
        [program, "docs", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as serving:
        try:
            assert serving.stdout
            line = serving.stdout.readline()
            address = line.partition(" ")[0]
            assert address.startswith("http"), serving.communicate()[1]
            (folder / "served.html").write_bytes(_get(address)[1])
            other = _get(f"{address}other.html")[0]
            serving.send_signal(signal.SIGINT)
            stdout, stderr = serving.communicate(timeout=60)
        finally:
            serving.kill()
    seen = {
        "line": line,
        "other": other,
        "code": serving.returncode,
        "rest": stdout + stderr,
    }
    (folder / "seen.json").write_text(json.dumps(seen))


def _get(address: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - on loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
