-- One row is a traffic signal: the newest version that raw holds, cleaned.
{{ config(materialized="table") }}

{%- set rules = cleaning_rules("traffic_signals") %}

with

source as (

    {{ newest_versions(source("raw", "traffic_signals"), key="signal_id") }}

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
        {{ clean(rules, "signal_id") }},
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
