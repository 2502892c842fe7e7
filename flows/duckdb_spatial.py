"""dbt's plugin for DuckDB: the spatial extension, however dbt was started."""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse.connection import spatial_extension


class Plugin(BasePlugin):
    """Loads the extension from the installed package; dbt's own way would download it."""

    def configure_connection(self, conn: Any) -> None:
        """Load it once for all of dbt's threads.

        Raises:
            WarehouseError: the package is missing or holds another version.
        """
        conn.execute(f"load '{spatial_extension()}'")
