-- One row is a crash: the newest version that raw holds, typed.
{{ config(unique_key="crash_record_id") }}

with

source as (

    {{ newest_versions(source("raw", "crashes"), key="crash_record_id") }}

),

typed as (

    select
        -- ids
        crash_record_id,

        -- text
        traffic_control_device,
        device_condition,
        weather_condition,
        lighting_condition,
        first_crash_type,
        trafficway_type,
        alignment,
        roadway_surface_cond,
        road_defect,
        report_type,
        crash_type,
        damage,
        prim_contributory_cause,
        sec_contributory_cause,
        street_direction,
        street_name,
        work_zone_type,
        most_severe_injury,
        location,

        -- numbers
        {{ typed("posted_speed_limit", "integer") }},
        {{ typed("lane_cnt", "integer") }},
        {{ typed("street_no", "integer") }},
        {{ typed("beat_of_occurrence", "integer") }},
        {{ typed("num_units", "integer") }},
        {{ typed("injuries_total", "integer") }},
        {{ typed("injuries_fatal", "integer") }},
        {{ typed("injuries_incapacitating", "integer") }},
        {{ typed("injuries_non_incapacitating", "integer") }},
        {{ typed("injuries_reported_not_evident", "integer") }},
        {{ typed("injuries_no_indication", "integer") }},
        {{ typed("injuries_unknown", "integer") }},
        {{ typed("crash_hour", "integer") }},
        {{ typed("crash_day_of_week", "integer") }},
        {{ typed("crash_month", "integer") }},
        {{ typed("latitude", "double precision") }},
        {{ typed("longitude", "double precision") }},

        -- flags
        {{ typed("crash_date_est_i", "boolean") }},
        {{ typed("intersection_related_i", "boolean") }},
        {{ typed("private_property_i", "boolean") }},
        {{ typed("hit_and_run_i", "boolean") }},
        {{ typed("photos_taken_i", "boolean") }},
        {{ typed("statements_taken_i", "boolean") }},
        {{ typed("dooring_i", "boolean") }},
        {{ typed("work_zone_i", "boolean") }},
        {{ typed("workers_present_i", "boolean") }},

        -- times
        {{ typed("crash_date", "timestamp") }},
        {{ typed("date_police_notified", "timestamp") }},

        -- the record's history
        first_seen_at,
        last_amended_at,
        version_count,
        _row_id,
        {{ typed("_row_updated_at", "instant") }},
        _dlt_load_id,
        _deleted_at

    from source

)

select * from typed
