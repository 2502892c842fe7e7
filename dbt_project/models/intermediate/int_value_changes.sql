-- One row is a value that cleaning changed, in the newest version of a record.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_datasets()) }}"
) }}

with

crashes as (

    {{ changes_of(
        "crashes", ref("stg_crashes"), key="crash_record_id", date="crash_date"
    ) }}

),

people as (

    {{ changes_of(
        "people", ref("stg_people"), key="person_id", date="crash_date"
    ) }}

),

vehicles as (

    {{ changes_of(
        "vehicles", ref("stg_vehicles"), key="crash_unit_id", date="crash_date"
    ) }}

),

fatalities as (

    {{ changes_of(
        "fatalities",
        ref("stg_fatalities"),
        key="fatality_id",
        date="crash_date"
    ) }}

),

traffic_signals as (

    {{ changes_of(
        "traffic_signals", ref("stg_traffic_signals"), key="signal_id"
    ) }}

),

red_light_cameras as (

    {{ changes_of(
        "red_light_cameras", ref("stg_red_light_cameras"), key="camera_id"
    ) }}

),

speed_cameras as (

    {{ changes_of("speed_cameras", ref("stg_speed_cameras"), key="id") }}

),

cta_stops as (

    {{ changes_of("cta_stops", ref("stg_cta_stops"), key="stop_id") }}

),

wards as (

    {{ changes_of("wards", ref("stg_wards"), key="_row_id") }}

),

community_areas as (

    {{ changes_of(
        "community_areas", ref("stg_community_areas"), key="_row_id"
    ) }}

),

police_beats as (

    {{ changes_of("police_beats", ref("stg_police_beats"), key="piece_id") }}

),

changes as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles
    union all
    select * from fatalities
    union all
    select * from traffic_signals
    union all
    select * from red_light_cameras
    union all
    select * from speed_cameras
    union all
    select * from cta_stops
    union all
    select * from wards
    union all
    select * from community_areas
    union all
    select * from police_beats

),

tidied as (

    select
        changes.*,
        {{ tidy("raw_value") }} as tidied_value
    from changes

),

rules as (

    select * from {{ ref("cleaning_rules") }}

),

final as (

    select
        tidied.dataset,
        tidied.record_key,
        tidied.crash_date,
        tidied.is_deleted,
        tidied.column_name,
        tidied.raw_value,
        tidied.clean_value,
        case
            when tidied.tidied_value is null then 'tidy_text'
            when tidied.tidied_value = tidied.clean_value then 'tidy_text'
            else rules.rule
        end as rule
    from tidied
    inner join rules
        on
            tidied.dataset = rules.dataset
            and tidied.column_name = rules."column"

)

select * from final
