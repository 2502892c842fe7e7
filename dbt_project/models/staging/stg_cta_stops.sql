-- One row is a platform of the 'L' at which trains of one direction stop: the
-- newest version that raw holds, cleaned.
{{ config(materialized="table") }}

{%- set rules = cleaning_rules("cta_stops") %}

with

source as (

    {{ newest_versions(source("raw", "cta_stops"), key="stop_id") }}

),

tidied as (

    select
        source.*,
        {{ tidied_values(rules) }}
        {{ chicago_time("_dlt_load_id") }} as fetched_at
    from source

),

cleaned as (

    select
        {{ clean(rules, "stop_id") }},
        {{ clean(rules, "direction_id") }},
        {{ clean(rules, "stop_name") }},
        {{ clean(rules, "station_name") }},
        {{ clean(rules, "station_descriptive_name") }},
        {{ clean(rules, "map_id") }},
        {{ clean(rules, "ada") }},
        {{ clean(rules, "red") }},
        {{ clean(rules, "blue") }},
        {{ clean(rules, "g") }},
        {{ clean(rules, "brn") }},
        {{ clean(rules, "p") }},
        {{ clean(rules, "pexp") }},
        {{ clean(rules, "y") }},
        {{ clean(rules, "pnk") }},
        {{ clean(rules, "o") }},
        {{ clean(rules, "location") }},
        first_seen_at,
        last_amended_at,
        version_count,
        _row_id,
        {{ typed("_row_updated_at", "instant") }},
        _dlt_load_id,
        _deleted_at,
        {{ raw_values(rules) }}
    from tidied
    {{ computed_once() }}

),

paired as (

    select
        cleaned.*,
        {{ point_latitude("location") }} as latitude,
        {{ point_longitude("location") }} as longitude
    from cleaned
    {{ computed_once() }}

),

located as (

    select
        paired.*,
        {{ point_of_pair(rules) }} as point
    from paired
    {{ computed_once() }}

),

placed as (

    select
        located.*,
        {{ coordinate_quality(rules) }} as coordinate_quality
    from located
    {{ computed_once() }}

),

final as (

    select
        {{ settled_values(rules) }},
        case when coordinate_quality = 'ok' then latitude end as latitude,
        case when coordinate_quality = 'ok' then longitude end as longitude,
        coordinate_quality,
        case when coordinate_quality = 'ok' then point end as geom,
        first_seen_at,
        last_amended_at,
        version_count,
        _row_id,
        _row_updated_at,
        _dlt_load_id,
        _deleted_at
    from placed

)

select * from final
