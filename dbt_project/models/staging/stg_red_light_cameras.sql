-- One row is a red light camera: the newest version that raw holds, cleaned.
{{ config(materialized="table") }}

{%- set rules = cleaning_rules("red_light_cameras") %}

with

source as (

    {{ newest_versions(source("raw", "red_light_cameras"), key="_record_key") }}

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
        _record_key as camera_id,
        {{ clean(rules, "intersection") }},
        {{ clean(rules, "first_approach") }},
        {{ clean(rules, "second_approach") }},
        {{ clean(rules, "third_approach") }},
        {{ clean(rules, "go_live_date") }},
        {{ clean(rules, "latitude") }},
        {{ clean(rules, "longitude") }},
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

located as (

    select
        cleaned.*,
        {{ point_of_pair(rules) }} as point
    from cleaned
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
        camera_id,
        {{ settled_values(rules) }},
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
