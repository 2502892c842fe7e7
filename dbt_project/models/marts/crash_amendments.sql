-- One row is a value of a crash, person or vehicle that the portal changed.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    indexes=indexes_on(none, ["amended_at"]),
    pre_hook="{{ forget_changed(is_of_changed_records()) }}"
) }}

with

crashes as (

    {{ amendments_of("crashes", "crash_record_id") }}

),

people as (

    {{ amendments_of("people", "person_id") }}

),

vehicles as (

    {{ amendments_of("vehicles", "crash_unit_id") }}

),

final as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles

)

select * from final
