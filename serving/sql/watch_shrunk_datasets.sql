-- One row is a dataset and a comparison of the last seven days with one, in
-- which the portal had more than the share $1 of the dataset's records no more.
with

checks as (

    select
        dataset,
        checked_at,
        cast(sum(portal_rows) as bigint) as portal_rows,
        cast(sum(vanished) as bigint) as vanished,
        cast(sum(warehouse_rows) as bigint) as warehouse_rows
    from quality.reconciliation
    group by dataset, checked_at

),

datasets as (

    -- A comparison may be of a part of it.
    select
        dataset,
        max(warehouse_rows) as records,
        max(checked_at) as last_checked_at
    from checks
    group by dataset

)

select
    checks.dataset,
    checks.checked_at,
    checks.vanished,
    checks.portal_rows,
    datasets.records
from checks
inner join datasets
    on checks.dataset = datasets.dataset
where
    checks.vanished > cast($1 as double precision) * datasets.records
    and checks.checked_at > datasets.last_checked_at - interval '7 days'
order by checks.dataset, checks.checked_at
