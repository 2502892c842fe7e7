"""dbt in this process, each of its nodes a task run of Prefect."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from dbt.adapters.factory import FACTORY
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from prefect.task_engine import run_task_sync
from prefect.tasks import Task
from prefect_dbt import DbtHookContext, PrefectDbtRunner
from prefect_dbt.core._tracker import NodeTaskTracker

NodeWatcher = Callable[[str, int, int], None]
# A node's task run has nothing left to do but to report its end.
_LAST_REPORTS_S = 30
# Of what is called off less is waited for: Prefect kills a run that does not end in half a minute.
_LAST_REPORTS_OF_A_STOP_S = 5
# dbt's events that end a node's line, and what each calls the number of nodes.
_RESULTS = {
    "LogModelResult": "total",
    "LogTestResult": "num_models",
    "LogSeedResult": "total",
    "LogSnapshotResult": "total",
}


class NodeRunner(PrefectDbtRunner):  # type: ignore[misc]  # it has no types
    """Prefect's runner, with little cost a node and its task runs awaited.

    Args:
        on_node: called with a node's name, how many are done and how many there are.
        arguments: those of `PrefectDbtRunner`.
    """

    def __init__(self, on_node: NodeWatcher, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._on_node = on_node
        self._nodes = _AwaitedNodes()
        self.on_run_end(_end_as_called_off)

    def invoke(self, args: list[str], **kwargs: Any) -> Any:
        """Run a dbt command and return its result when each node's task run has ended.

        Its files of JSON are not written: nothing reads them, and they take a fifth of a build.

        Raises:
            ValueError: dbt could not run at all, with dbt's reason.
            BaseException: what called it off, as a Ctrl-C or Prefect's order to end.
        """
        self._nodes = _AwaitedNodes()
        self._manifest = self._parsed()
        reports_s = _LAST_REPORTS_S
        try:
            return super().invoke([*args, "--no-write-json"], **kwargs)
        except BaseException as error:
            if not isinstance(error, Exception):
                reports_s = _LAST_REPORTS_OF_A_STOP_S
            raise
        finally:
            # Prefect's runner leaves the threads of the last nodes to run on, and a run that
            # ends before them shows them as running for ever.
            self._nodes.wait(reports_s)

    def _parsed(self) -> Manifest:
        """The project's nodes, which Prefect's runner would read from a file of JSON."""
        with self.settings.resolve_profiles_yml() as profiles:
            parsed = dbtRunner().invoke(
                [
                    *("--log-level", "none", "parse", "--no-write-json"),
                    *("--project-dir", str(self.project_dir)),
                    *("--profiles-dir", profiles),
                    *("--target-path", str(self.target_path)),
                ]
            )
        _raise_if_called_off(parsed.exception)
        if not isinstance(parsed.result, Manifest):
            raise ValueError(str(parsed.exception))  # noqa: TRY004 - as the runner does
        return parsed.result

    def _create_unified_callback(
        self, task_state: Any, log_level: Any, context: dict[str, Any], **options: Any
    ) -> Callable[[EventMsg], None]:
        inner = super()._create_unified_callback(self._nodes, log_level, context, **options)
        done: set[str] = set()

        def callback(event: EventMsg) -> None:
            name = event.info.name
            # What dbt logs of a node is in its result, and each line would cost a call of the API.
            if name in ("NodeStart", "NodeFinished"):
                inner(event)
            elif name in _RESULTS:
                node = event.data.node_info
                done.add(node.unique_id)
                self._on_node(node.node_name, len(done), getattr(event.data, _RESULTS[name]))

        return callback


def _end_as_called_off(ended: DbtHookContext) -> None:
    _raise_if_called_off(ended.error)


def _raise_if_called_off(error: Any) -> None:
    """Raise what dbt made a result of, as it does of anything: here, of a stop.

    Of a Ctrl-C it has called off its queries, of other stops it does not know.
    """
    if not isinstance(error, BaseException) or isinstance(error, Exception):
        return
    adapters: list[Any] = list(FACTORY.adapters.values())
    for adapter in adapters:
        if adapter.is_cancelable():
            with adapter.connection_named("master"):
                list(adapter.cancel_open_connections())
    raise error


class _AwaitedNodes(NodeTaskTracker):  # type: ignore[misc]  # it has no types
    """Knows which nodes' task runs have not ended yet, all of them of the flow that makes it."""

    def __init__(self) -> None:
        super().__init__()
        self._flow = contextvars.copy_context()
        self._change = threading.Condition()
        self._open: set[str] = set()

    def start_task(self, node_id: str, task: Task[Any, Any]) -> None:
        with self._change:
            self._open.add(node_id)
        super().start_task(node_id, task)

    def run_task_in_thread(
        self,
        node_id: str,
        task: Task[Any, Any],
        task_run_id: UUID,
        parameters: dict[str, Any],
        context: dict[str, Any],
    ) -> None:
        """Run a node's task in the flow's own context, with its client of the API.

        Prefect's tracker makes a context and a client anew for each node, 0.1 s of work.
        """

        def run() -> None:
            known = (self.get_task_result(above) for above in self.get_node_dependencies(node_id))
            state = run_task_sync(
                task,
                task_run_id=task_run_id,
                parameters=parameters,
                wait_for=[state for state in known if state],
                return_type="state",
            )
            self.set_task_result(node_id, state or None)

        thread = threading.Thread(target=self._flow.copy().run, args=(run,), daemon=True)
        thread.start()

    def set_task_result(self, node_id: str, result: Any) -> None:
        super().set_task_result(node_id, result)
        with self._change:
            self._open.discard(node_id)
            self._change.notify_all()

    def wait(self, seconds: float) -> None:
        with self._change:
            self._change.wait_for(lambda: not self._open, timeout=seconds)
