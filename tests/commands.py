"""The command line as a person calls it."""

import io
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import flows.cli


def warehouse_command(*arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run `warehouse` with the environment of the test."""
    program = Path(sys.executable).with_name("warehouse")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )


def command_here(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `warehouse` in this process, which need not import Prefect, dlt and dbt again.

    For what a command says and does, where a process of its own would show no more.
    """
    out, err = io.StringIO(), io.StringIO()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    code: object = 0
    with mock.patch.dict(os.environ), mock.patch.object(sys, "argv", ["warehouse", *arguments]):
        try:
            with redirect_stdout(out), redirect_stderr(err):
                flows.cli.main()
        except SystemExit as ended:
            code = ended.code
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
