"""What costs libraries time and shows nothing in a test: left out, or made once a process.

Commands in processes of their own do all of it, but for what `clients_are_quick` sets.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import certifi
import duckdb
import pytest

from tests.layer_files import UNSIGNED


@pytest.fixture(scope="session", autouse=True)
def sessions_of_this_process_are_quick() -> Iterator[None]:
    """To check the signature of DuckDB's extension takes 0.3 s, and few rows are one thread's work.

    The commands, in processes of their own, check it and have all threads.
    """
    connect = duckdb.connect

    def quick(
        database: str | Path = ":memory:",
        read_only: bool = False,
        config: dict[str, Any] | None = None,
    ) -> duckdb.DuckDBPyConnection:
        return connect(database, read_only, {**UNSIGNED, "threads": 1, **(config or {})})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(duckdb, "connect", quick)
        yield


@pytest.fixture(scope="session", autouse=True)
def dbt_keeps_what_it_parsed() -> Iterator[None]:
    """dbt's own switch for its tests: a macro is parsed once, whichever the engine."""
    from dbt_common.tests import disable_test_caching, enable_test_caching

    enable_test_caching()
    yield
    disable_test_caching()


@pytest.fixture(scope="session", autouse=True)
def dbt_compiles_a_text_once() -> Iterator[None]:
    """dbt makes Python of each node's text in each command, and each time of the same."""
    from dbt_common.clients.jinja import MacroFuzzEnvironment

    compiled = MacroFuzzEnvironment.compile
    kept: dict[str, CodeType] = {}

    def kept_or_compiled(self: MacroFuzzEnvironment, source: Any, *named: Any, **how: Any) -> Any:
        if not isinstance(source, str) or named or how:
            return compiled(self, source, *named, **how)
        if source not in kept:
            kept[source] = compiled(self, source)
        return kept[source]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(MacroFuzzEnvironment, "compile", kept_or_compiled)
        yield


@pytest.fixture(scope="session", autouse=True)
def dbt_learns_a_tables_types_once() -> Iterator[None]:
    """For each answer dbt makes what tells types apart, with all words for dates there are."""
    from dbt_common.clients import agate_helper

    build: Callable[..., Any] = cache(agate_helper.build_type_tester)

    def build_once(
        text_columns: Iterable[str], string_null_values: Iterable[str] = ("null", "")
    ) -> Any:
        return build(tuple(text_columns), tuple(string_null_values))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(agate_helper, "build_type_tester", build_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def dbt_writes_no_compiled_file() -> Iterator[None]:
    """For a person to read; what its tests read of it is in dbt's own results."""
    from dbt.contracts.graph.nodes import ParsedNode

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ParsedNode, "write_node", lambda *_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def dlt_takes_a_type_apart_once() -> Iterator[None]:
    """For each setting of each load dlt asks anew what its type says, of a few dozen types."""
    from dlt.common.configuration import resolve
    from dlt.common.configuration.providers import environ

    with pytest.MonkeyPatch.context() as patched:
        for module, name in (
            (resolve, "extract_inner_hint"),
            (resolve, "is_secret_hint"),
            (environ, "is_secret_hint"),
        ):
            patched.setattr(module, name, cache(getattr(module, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def dlt_finds_no_settings_for_what_a_destination_can_do() -> Iterator[None]:
    """It finds all of them each time it asks, some thirty times a load; our engines heed none."""
    from dlt.common.destination.reference import Destination

    capabilities = Destination.capabilities

    def of_what_is_given(self: Any, config: Any = None, naming: Any = None) -> Any:
        return capabilities(self, self.spec() if config is None else config, naming)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Destination, "capabilities", of_what_is_given)
        yield


@pytest.fixture(scope="session", autouse=True)
def flags_of_dbt_say_not_where_they_were_set() -> Iterator[None]:
    """To find out, dbt reads the source of all that called it: half a second for each command."""
    from dbt_common.behavior_flags import BehaviorFlagRendered

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "dbt"))
        yield


@pytest.fixture(scope="session", autouse=True)
def dbt_says_nothing_that_nobody_reads() -> Iterator[None]:
    """dbt makes a message of each statement and connection, for a log of debugging."""
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager

    fire_event: Callable[..., None] = EventManager.fire_event
    make: Callable[..., None] = BaseEvent.__init__
    attribute: Callable[..., Any] = BaseEvent.__getattr__
    # Prefect's runner begins and ends a node's task run by these.
    read = ("NodeStart", "NodeFinished")

    def fire(self: EventManager, e: Any, level: Any = None, **options: Any) -> None:
        if (level or e.level_tag()) != EventLevel.DEBUG or type(e).__name__ in read:
            fire_event(self, e, level, **options)

    def make_when_read(self: BaseEvent, *given: Any, **named: Any) -> None:
        self.__dict__["_made_of"] = given, named

    def made(self: BaseEvent, name: str) -> Any:
        if "_made_of" in self.__dict__:
            given, named = self.__dict__.pop("_made_of")
            make(self, *given, **named)
        return attribute(self, name)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(EventManager, "fire_event", fire)
        patched.setattr(BaseEvent, "__init__", make_when_read)
        patched.setattr(BaseEvent, "__getattr__", made)
        yield


@pytest.fixture(scope="session", autouse=True)
def clients_are_quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What costs each client of a server time, also in processes of their own."""
    with pytest.MonkeyPatch.context() as environment:
        # To compile a query takes PostgreSQL longer than to run it on so few rows.
        environment.setenv("PGOPTIONS", "-c jit=off")
        # Plain http on loopback: else each client reads every certificate authority there is.
        one, end, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
        authority = tmp_path_factory.mktemp("authorities") / "one.pem"
        authority.write_text(one + end)
        environment.setenv("SSL_CERT_FILE", str(authority))
        environment.setenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true")
        # Prefect's own commands too end without a last look for garbage.
        environment.setenv("PYTHONPATH", str(Path(__file__).with_name("quick_python")), os.pathsep)
        # Threads of numpy's that wait by going round.
        environment.setenv("OPENBLAS_NUM_THREADS", "1")
        yield
