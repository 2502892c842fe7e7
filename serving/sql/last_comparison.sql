-- One row is a dataset: how it compared with the portal the last time.
with

newest as (

    select
        dataset,
        max(checked_at) as checked_at
    from quality.reconciliation
    group by dataset

)

select
    checks.dataset,
    checks.checked_at,
    cast(sum(checks.portal_rows) as bigint) as portal_rows,
    cast(sum(checks.warehouse_rows) as bigint) as warehouse_rows,
    cast(sum(checks.missing) as bigint) as missing,
    cast(sum(checks.vanished) as bigint) as vanished,
    cast(sum(checks.refetched) as bigint) as refetched
from quality.reconciliation as checks
inner join newest
    on
        checks.dataset = newest.dataset
        and checks.checked_at = newest.checked_at
group by checks.dataset, checks.checked_at
order by checks.dataset
