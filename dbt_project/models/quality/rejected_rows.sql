-- One row is a portal row that could not become a record, as it is now.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_datasets()) }}"
) }}

with

crashes as (

    {{ rows_without_key(source("raw", "crashes"), key="crash_record_id") }}

),

people as (

    {{ rows_without_key(source("raw", "people"), key="person_id") }}

),

vehicles as (

    {{ rows_without_key(source("raw", "vehicles"), key="crash_unit_id") }}

),

fatalities as (

    {{ rows_without_key(source("raw", "fatalities"), key="_record_key") }}

),

final as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles
    union all
    select * from fatalities

)

select * from final
