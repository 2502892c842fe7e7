-- One row is a crash: the newest version that raw holds, cleaned.
{{ config(
    unique_key="crash_record_id",
    indexes=indexes_on(
        "crash_record_id",
        ["_dlt_load_id", "_deleted_at", "_city_outline"]
    )
) }}

{%- set rules = cleaning_rules("crashes") %}

with

source as (

    {{ newest_versions(
        source("raw", "crashes"),
        key="crash_record_id",
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
        {{ clean(rules, "crash_record_id") }},

        -- text
        {{ clean(rules, "traffic_control_device") }},
        {{ clean(rules, "device_condition") }},
        {{ clean(rules, "weather_condition") }},
        {{ clean(rules, "lighting_condition") }},
        {{ clean(rules, "first_crash_type") }},
        {{ clean(rules, "trafficway_type") }},
        {{ clean(rules, "alignment") }},
        {{ clean(rules, "roadway_surface_cond") }},
        {{ clean(rules, "road_defect") }},
        {{ clean(rules, "report_type") }},
        {{ clean(rules, "crash_type") }},
        {{ clean(rules, "damage") }},
        {{ clean(rules, "prim_contributory_cause") }},
        {{ clean(rules, "sec_contributory_cause") }},
        {{ clean(rules, "street_direction") }},
        {{ clean(rules, "street_name") }},
        {{ clean(rules, "work_zone_type") }},
        {{ clean(rules, "most_severe_injury") }},
        {{ clean(rules, "location") }},

        -- numbers
        {{ clean(rules, "posted_speed_limit") }},
        {{ clean(rules, "lane_cnt") }},
        {{ clean(rules, "street_no") }},
        {{ clean(rules, "beat_of_occurrence") }},
        {{ clean(rules, "num_units") }},
        {{ clean(rules, "injuries_total") }},
        {{ clean(rules, "injuries_fatal") }},
        {{ clean(rules, "injuries_incapacitating") }},
        {{ clean(rules, "injuries_non_incapacitating") }},
        {{ clean(rules, "injuries_reported_not_evident") }},
        {{ clean(rules, "injuries_no_indication") }},
        {{ clean(rules, "injuries_unknown") }},
        {{ clean(rules, "crash_hour") }},
        {{ clean(rules, "crash_day_of_week") }},
        {{ clean(rules, "crash_month") }},
        {{ clean(rules, "latitude") }},
        {{ clean(rules, "longitude") }},

        -- flags
        {{ clean(rules, "crash_date_est_i") }},
        {{ clean(rules, "intersection_related_i") }},
        {{ clean(rules, "private_property_i") }},
        {{ clean(rules, "hit_and_run_i") }},
        {{ clean(rules, "photos_taken_i") }},
        {{ clean(rules, "statements_taken_i") }},
        {{ clean(rules, "dooring_i") }},
        {{ clean(rules, "work_zone_i") }},
        {{ clean(rules, "workers_present_i") }},

        -- times
        {{ clean(rules, "crash_date") }},
        {{ clean(rules, "date_police_notified") }},

        -- the record's history
        first_seen_at,
        last_amended_at,
        version_count,
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
        _dlt_load_id,
        _deleted_at,
        _city_outline
    from placed

)

select * from final
