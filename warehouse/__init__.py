"""The ground: where the warehouse is, how to connect to it, its lock and its records."""

import os

# dlt reads these when it is first imported: no network but the portal, and no log of failures
# beside the exception, which becomes one line.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
