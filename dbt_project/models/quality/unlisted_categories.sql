-- One row is a value of a category column that the City's list has not.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_datasets()) }}"
) }}

with

crashes as (

    {{ unlisted_values("crashes", ref("stg_crashes")) }}

),

people as (

    {{ unlisted_values("people", ref("stg_people")) }}

),

vehicles as (

    {{ unlisted_values("vehicles", ref("stg_vehicles")) }}

),

fatalities as (

    {{ unlisted_values("fatalities", ref("stg_fatalities")) }}

),

unlisted as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles
    union all
    select * from fatalities

),

final as (

    select
        dataset,
        column_name,
        value,
        count(*) as records
    from unlisted
    group by dataset, column_name, value

)

select * from final
