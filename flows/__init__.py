"""What can be started, by a schedule or by hand: order, retries, records."""

from flows import defaults

# Before any part imports Prefect, dlt or dbt, which read their settings as they are imported.
defaults.apply()
