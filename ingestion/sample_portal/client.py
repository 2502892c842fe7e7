"""A running sample portal, from the outside: its address and what it can be told."""

from typing import Any

import requests

TIMEOUT = 120  # seconds; a reset makes all data anew


class SamplePortal:
    """A sample portal at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, verb: str, **call: Any) -> Any:
        """Tell the portal to do something; what it knows is in `ingestion.sample_portal`.

        Raises:
            ValueError: the portal refused; its message.
        """
        response = requests.post(f"{self.url}/control/{verb}", json=call, timeout=TIMEOUT)
        if not response.ok:
            raise ValueError(f"{verb}: {response.json()['message']}")
        return response.json()

    def amend(self, dataset: str, **call: Any) -> Any:
        """Change rows: `rows`, `keys` or `where`; `changes`; `late`."""
        return self.control("amend", dataset=dataset, **call)

    def add(self, dataset: str, **call: Any) -> Any:
        """Publish new rows: `rows` or `records`; `whole`; `late`."""
        return self.control("add", dataset=dataset, **call)

    def delete(self, dataset: str, **call: Any) -> Any:
        """Take rows away: `rows`, `keys` or `where`."""
        return self.control("delete", dataset=dataset, **call)

    def republish(self, dataset: str, *, changed: int = 0) -> Any:
        """Replace a whole dataset by itself, but for `changed` rows."""
        return self.control("republish", dataset=dataset, changed=changed)

    def misbehave(self, kind: str, **fault: Any) -> None:
        """Queue a fault: `dataset`, `what`, `nth`, `times` and what its kind needs."""
        self.control("misbehave", kind=kind, **fault)

    def behave(self) -> None:
        """Drop all faults and the need of a token."""
        self.control("behave")

    def requests(self) -> list[dict[str, Any]]:
        """The requests served so far, without those of control."""
        response = requests.get(f"{self.url}/control/requests", timeout=TIMEOUT)
        rows: list[dict[str, Any]] = response.json()
        return rows

    def forget_requests(self) -> None:
        """Begin the log of requests anew."""
        self.control("forget")

    def reset(self) -> None:
        """Make all data as it was at the start, without faults."""
        self.control("reset")
