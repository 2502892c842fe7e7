-- One row is a value that cleaning changed, in the newest version of a record.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_datasets()) }}"
) }}

with

changes as (

    select * from {{ ref("int_value_changes") }}
    where {{ is_of_changed_datasets() }}

),

final as (

    select
        dataset,
        record_key,
        column_name,
        rule,
        raw_value,
        clean_value
    from changes

)

select * from final
