-- One row is a ward: the newest version that raw holds, cleaned.
{{ config(materialized="table") }}

{%- set rules = cleaning_rules("wards") %}

with

source as (

    {{ newest_versions(source("raw", "wards"), key="ward") }}

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
        {{ clean(rules, "ward") }},
        {{ clean(rules, "objectid") }},
        {{ clean(rules, "globalid") }},
        {{ clean(rules, "st_area_sh") }},
        {{ clean(rules, "st_length_") }},
        {{ clean(rules, "edit_date") }},
        {{ clean(rules, "the_geom") }},
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

final as (

    select
        {{ settled_values(rules) }},
        {{ polygon_in_feet("the_geom") }} as geom,
        first_seen_at,
        last_amended_at,
        version_count,
        _row_id,
        _row_updated_at,
        _dlt_load_id,
        _deleted_at
    from cleaned

)

select * from final
