-- One row is a record that a comparison with the portal found to differ.
{{ config(materialized="view") }}

with

keys as (

    select * from {{ beside(source("ops", "reconciliation_keys")) }}

),

final as (

    select
        dataset,
        period,
        record_key,
        difference,
        checked_at
    from keys

)

select * from final
