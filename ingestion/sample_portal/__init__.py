"""A SODA portal over generated Chicago crash data: to try the warehouse, to test and measure it.

It answers as the City's portal does: `GET /resource/{id}.json|.csv|.geojson` with SoQL,
`GET /api/views/{id}.json`; with a token also SODA 3, `POST /api/v3/views/{id}/query.json` and
`/export.csv`. The data is made by DuckDB, the same for the same seed and size.

It is told over HTTP what to do with its data, `POST /control/{verb}` with a JSON object:

- `amend` {dataset, rows | keys | where, changes?, late?}: rows change, `:updated_at` moves.
- `add` {dataset, rows | records, whole?, late?}: new rows; `whole` crashes bring their people and
  vehicles; `late` rows are stamped just below the newest one.
- `delete` {dataset, rows | keys | where}.
- `republish` {dataset, changed?}: every row anew under a new `:id`, `:created_at`, `:updated_at`.
- `column` {dataset, action: add | drop | retype, column, type?, value?}.
- `remove`, `restore` {dataset}: it answers 404, or no longer.
- `misbehave` {kind, dataset?, what?, nth?, times?, …}: see `faults.Fault`; `behave` {} ends that.
- `token` {token}: requests without this app token are refused; null ends that.
- `reset` {}: all as it was at the start. `forget` {}: the log of requests begins anew.

`GET /control/requests` is the log of the requests served.
"""

from ingestion.sample_portal.client import SamplePortal
from ingestion.sample_portal.process import StartError, running

__all__ = ["SamplePortal", "StartError", "running"]
