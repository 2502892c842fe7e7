"""The command line as a person calls it."""

import subprocess
import sys
from pathlib import Path


def warehouse_command(*arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run `warehouse` with the environment of the test."""
    program = Path(sys.executable).with_name("warehouse")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
