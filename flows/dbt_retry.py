"""dbt goes on at the node that failed, where the database server was away for a while."""

from pathlib import Path
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from flows.dbt_nodes import NodeRunner
from flows.progress import watcher
from warehouse.errors import WarehouseError
from warehouse.lock import InUseError, hold_on
from warehouse.outages import may_pass
from warehouse.settings import Target

# A server that restarts is back within these 75 seconds and more.
_ATTEMPTS, _FIRST_WAIT_S, _LONGEST_WAIT_S = 5, 5, 60
_RESULTS = "run_results.json"
_FAILED = ("error", "fail", "runtime error")


class _PassingError(Exception):
    """Some nodes failed, or dbt could not run, for a reason that may pass."""


def resumed(runner: NodeRunner, target: Target, arguments: list[str]) -> list[Any]:
    """Run dbt's command, and then, as often as needed, the nodes that a server's failure cost.

    Args:
        runner: runs dbt.
        target: the warehouse, which this process holds.
        arguments: the command.

    Returns:
        The last result of each node, failed ones too.

    Raises:
        InUseError: another sync took the warehouse while its server was away.
        WarehouseError: dbt could not run at all.
    """
    results: dict[str, Any] = {}

    def run() -> None:
        try:
            if results:
                hold_on(target)
            outcome = runner.invoke(["retry", "--target", target] if results else arguments)
        except InUseError:
            raise
        except (ValueError, WarehouseError) as error:
            if may_pass(error):
                raise _PassingError(" ".join(str(error).split())) from error
            raise WarehouseError(f"dbt build: {error}") from error
        results.update({result.node.unique_id: result for result in outcome.result.results})
        passing = [result for result in outcome.result.results if _may_pass(result)]
        if passing:
            # What dbt goes on from: it reads there what it has done.
            outcome.result.write(str(Path(runner.project_dir, runner.target_path, _RESULTS)))
            raise _PassingError(" ".join(str(passing[0].message).split()))

    attempts = Retrying(
        retry=retry_if_exception_type(_PassingError),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
        before_sleep=_say,
        reraise=True,
    )
    try:
        attempts(run)
    except _PassingError as error:
        if not results:
            raise WarehouseError(f"dbt build: {error}") from error
    return list(results.values())


def _may_pass(result: Any) -> bool:
    return str(result.status) in _FAILED and may_pass(result.message)


def _say(state: RetryCallState) -> None:
    cause = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0
    watcher().warn(f"dbt goes on at what failed, in {wait:.0f} s: {cause}")
