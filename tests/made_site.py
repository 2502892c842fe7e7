"""The site of a warehouse, made once for the tests that look at it."""

from pathlib import Path

from tests.commands import command_here
from tests.shared_warehouses import SharedWarehouses
from warehouse.settings import Target

HEADING = "name,longitude,latitude,treated_on"
TREATMENTS = (
    f"{HEADING},radius_ft,years\n"
    '"Lanes, <protected> & new",-87.6278,41.8857,2022-06-01,5000,3\n'
    "Road diet,-87.687,41.92,2026-01-15,,\n"
    "Quiet street,-87.60,41.75,2023-01-15,1,2\n"
    "Quiet street,-87.60,41.75,2023-01-16,1,2\n"
    "Quiet street,-87.60,41.75,2023-01-16,1.5,2\n"
    "Bus lanes,-87.6278,41.8857,2026-01-15,5000,2\n"
)

RECENT = """
    crash_date between (
        select cast(max(last_day) - interval '3 years' as date) + 1 from marts.dashboard_metrics
    ) and (select max(last_day) from marts.dashboard_metrics)
    and not has_implausible_date
"""


def made_site(target: Target, shared: SharedWarehouses) -> Path:
    """The site of the warehouse that tests share, made once, with the treatments above."""

    def make(folder: Path) -> None:
        listed = folder / "treatments.csv"
        listed.write_text(TREATMENTS, encoding="utf-8")
        options = ("--out", str(folder / "site"), "--treatments", str(listed))
        done = command_here("site", "--target", target, *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{folder / 'site' / 'index.html'}: open it in a browser;")

    return shared.made_once(f"site-{target}", make) / "site"


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
