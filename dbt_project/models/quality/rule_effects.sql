-- One row is a rule of a column and a month: what it saw and what it changed.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_datasets()) }}"
) }}

with

crashes as (

    {{ values_kept("crashes", ref("stg_crashes"), date="crash_date") }}

),

people as (

    {{ values_kept("people", ref("stg_people"), date="crash_date") }}

),

vehicles as (

    {{ values_kept("vehicles", ref("stg_vehicles"), date="crash_date") }}

),

fatalities as (

    {{ values_kept("fatalities", ref("stg_fatalities"), date="crash_date") }}

),

traffic_signals as (

    {{ values_kept("traffic_signals", ref("stg_traffic_signals")) }}

),

red_light_cameras as (

    {{ values_kept("red_light_cameras", ref("stg_red_light_cameras")) }}

),

speed_cameras as (

    {{ values_kept("speed_cameras", ref("stg_speed_cameras")) }}

),

cta_stops as (

    {{ values_kept("cta_stops", ref("stg_cta_stops")) }}

),

wards as (

    {{ values_kept("wards", ref("stg_wards")) }}

),

community_areas as (

    {{ values_kept("community_areas", ref("stg_community_areas")) }}

),

police_beats as (

    {{ values_kept("police_beats", ref("stg_police_beats")) }}

),

kept as (

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

changes as (

    select
        dataset,
        column_name,
        cast(date_trunc('month', crash_date) as date) as month,
        rule,
        count(*) as values_changed,
        count(*) - count(clean_value) as values_lost
    from {{ ref("int_value_changes") }}
    where {{ is_of_changed_datasets() }}
    group by dataset, column_name, month, rule

),

lost as (

    select
        dataset,
        column_name,
        month,
        sum(values_lost) as values_lost
    from changes
    group by dataset, column_name, month

),

-- What a rule left null is no more to be seen in staging.
seen as (

    select
        kept.dataset,
        kept.column_name,
        kept.month,
        kept.values_kept + coalesce(lost.values_lost, 0) as values_seen
    from kept
    left join lost
        on
            kept.dataset = lost.dataset
            and kept.column_name = lost.column_name
            and kept.month is not distinct from lost.month

),

-- Every value is tidied before its own rule sees it.
rules as (

    select
        rule,
        dataset,
        "column" as column_name
    from {{ ref("cleaning_rules") }}
    union
    select
        'tidy_text' as rule,
        dataset,
        "column" as column_name
    from {{ ref("cleaning_rules") }}

),

final as (

    select
        rules.rule,
        seen.dataset,
        seen.column_name,
        seen.month,
        cast(seen.values_seen as bigint) as values_seen,
        cast(coalesce(changes.values_changed, 0) as bigint) as values_changed
    from seen
    inner join rules
        on
            seen.dataset = rules.dataset
            and seen.column_name = rules.column_name
    left join changes
        on
            seen.dataset = changes.dataset
            and seen.column_name = changes.column_name
            and seen.month is not distinct from changes.month
            and rules.rule = changes.rule
    where seen.values_seen > 0

)

select * from final
