-- One row is a dataset: its records, and when the last runs loaded it; null
-- where none of the runs that `recent_activity` keeps did.
with

loads as (

    select
        dataset,
        max(case when load_status = 'loaded' then finished_at end)
            as last_loaded_at,
        max(case when load_status <> 'loaded' then finished_at end)
            as last_failed_at
    from marts.recent_activity
    where dataset is not null
    group by dataset

),

records as (

    select
        dataset,
        records,
        errors,
        warnings,
        share
    from quality.validation_summary

)

select
    loads.last_loaded_at,
    records.records,
    records.errors,
    records.warnings,
    records.share,
    coalesce(loads.dataset, records.dataset) as dataset,
    coalesce(
        loads.last_failed_at > loads.last_loaded_at,
        loads.last_failed_at is not null
    ) as is_last_failed
from loads
full outer join records
    on loads.dataset = records.dataset
order by coalesce(loads.dataset, records.dataset)
