"""dbt's plugin for DuckDB: how a session is opened, however dbt was started."""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags

from warehouse.connection import spatial_extension


class Plugin(BasePlugin):
    """Loads the spatial extension, and opens for reading what is only read."""

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Let others read the file while dbt makes its docs, which change nothing in it."""
        if get_flags().WHICH == "generate":  # type: ignore[no-untyped-call]
            config["access_mode"] = "READ_ONLY"

    def configure_connection(self, conn: Any) -> None:
        """Load the extension once for all of dbt's threads; dbt's own way would download it.

        Raises:
            WarehouseError: the package is missing or holds another version.
        """
        conn.execute(f"load '{spatial_extension()}'")
