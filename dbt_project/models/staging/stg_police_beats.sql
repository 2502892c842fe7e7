-- One row is a piece of a police beat: the newest version that raw holds,
-- cleaned.
{{ config(materialized="table") }}

{%- set rules = cleaning_rules("police_beats") %}

with

source as (

    {{ newest_versions(source("raw", "police_beats"), key="_record_key") }}

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
        _record_key as piece_id,
        {{ clean(rules, "beat_num") }},
        {{ clean(rules, "sector") }},
        {{ clean(rules, "beat") }},
        {{ clean(rules, "district") }},
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
        piece_id,
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
