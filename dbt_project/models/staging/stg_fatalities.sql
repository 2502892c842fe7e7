-- One row is a Vision Zero death: the newest version that raw holds, cleaned.
{{ config(unique_key="fatality_id") }}

{%- set rules = cleaning_rules("fatalities") %}

with

source as (

    {{ newest_versions(
        source("raw", "fatalities"),
        key="_record_key",
        outline=ref("int_city_outline")
    ) }}

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
        -- ids
        _record_key as fatality_id,
        {{ clean(rules, "person_id") }},

        -- text
        {{ clean(rules, "crash_location") }},
        {{ clean(rules, "victim") }},
        {{ clean(rules, "crash_circumstances") }},
        {{ clean(rules, "location") }},

        -- numbers
        {{ clean(rules, "longitude") }},
        {{ clean(rules, "latitude") }},

        -- times
        {{ clean(rules, "crash_date") }},

        -- the record's history
        first_seen_at,
        last_amended_at,
        version_count,
        _version_hash,
        _row_id,
        {{ typed("_row_updated_at", "instant") }},
        _dlt_load_id,
        _deleted_at,

        -- what it was
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
        {{ coordinate_quality(rules, outline="city_outline.geom") }}
            as coordinate_quality,
        {{ is_located_elsewhere(rules) }} as is_located_elsewhere,
        city_outline.digest as _city_outline
    from located
    cross join {{ ref("int_city_outline") }} as city_outline
    {{ computed_once() }}

),

final as (

    select
        fatality_id,
        {{ settled_values(rules) }},
        {{ is_implausible(rules, "crash_date") }} as has_implausible_date,
        coordinate_quality,
        case when coordinate_quality = 'ok' then point end as geom,
        is_located_elsewhere,
        first_seen_at,
        last_amended_at,
        version_count,
        _row_id,
        _row_updated_at,
        _version_hash,
        _dlt_load_id,
        _deleted_at,
        _city_outline
    from placed

)

select * from final
