-- One row is a dataset in one of the last runs, the one that runs now included.
{{ config(materialized="view") }}

with

runs as (

    select
        *,
        row_number() over (order by started_at desc, run_id desc) as recency
    from {{ beside(source("ops", "sync_runs")) }}

),

loads as (

    select * from {{ beside(source("ops", "dataset_loads")) }}

),

final as (

    select
        runs.run_id,
        runs.started_at,
        runs.finished_at,
        runs.trigger,
        runs.status as run_status,
        loads.dataset,
        loads.status as load_status,
        loads.rows_inserted,
        loads.rows_updated,
        loads.rows_deleted,
        loads.schema_changes,
        coalesce(loads.error, runs.error) as error
    from runs
    left join loads
        on runs.run_id = loads.run_id
    where runs.recency <= {{ var("recent_runs") }}

)

select * from final
