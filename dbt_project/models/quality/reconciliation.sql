-- One row is a dataset and a month, at a comparison with the portal.
{{ config(materialized="view") }}

with

checks as (

    select * from {{ beside(source("ops", "reconciliation_checks")) }}

),

final as (

    select
        dataset,
        period,
        portal_rows,
        warehouse_rows,
        missing,
        vanished,
        refetched,
        checked_at
    from checks

)

select * from final
