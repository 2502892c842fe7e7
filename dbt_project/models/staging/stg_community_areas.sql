-- One row is a community area: the newest version that raw holds, cleaned.
{{ config(materialized="table") }}

{%- set rules = cleaning_rules("community_areas") %}

with

source as (

    {{ newest_versions(source("raw", "community_areas"), key="area_numbe") }}

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
        {{ clean(rules, "area_numbe") }},
        {{ clean(rules, "area_num_1") }},
        {{ clean(rules, "community") }},
        {{ clean(rules, "shape_area") }},
        {{ clean(rules, "shape_len") }},
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
