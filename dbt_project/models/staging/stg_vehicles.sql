-- One row is a unit in a crash: the newest version that raw holds, cleaned.
{{ config(
    unique_key="crash_unit_id",
    indexes=indexes_on("crash_unit_id", ["_dlt_load_id", "_deleted_at"])
    + indexes_on("crash_record_id", [])
) }}

{%- set rules = cleaning_rules("vehicles") %}

with

source as (

    {{ newest_versions(source("raw", "vehicles"), key="crash_unit_id") }}

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
        {{ clean(rules, "crash_unit_id") }},
        {{ clean(rules, "crash_record_id") }},
        {{ clean(rules, "vehicle_id") }},
        {{ clean(rules, "cmv_id") }},

        -- text
        {{ clean(rules, "unit_type") }},
        {{ clean(rules, "make") }},
        {{ clean(rules, "model") }},
        {{ clean(rules, "lic_plate_state") }},
        {{ clean(rules, "vehicle_defect") }},
        {{ clean(rules, "vehicle_type") }},
        {{ clean(rules, "vehicle_use") }},
        {{ clean(rules, "travel_direction") }},
        {{ clean(rules, "maneuver") }},
        {{ clean(rules, "towed_by") }},
        {{ clean(rules, "towed_to") }},
        {{ clean(rules, "first_contact_point") }},
        {{ clean(rules, "usdot_no") }},
        {{ clean(rules, "ccmc_no") }},
        {{ clean(rules, "ilcc_no") }},
        {{ clean(rules, "commercial_src") }},
        {{ clean(rules, "carrier_name") }},
        {{ clean(rules, "carrier_state") }},
        {{ clean(rules, "carrier_city") }},
        {{ clean(rules, "hazmat_name") }},
        {{ clean(rules, "un_no") }},
        {{ clean(rules, "hazmat_report_no") }},
        {{ clean(rules, "mcs_report_no") }},
        {{ clean(rules, "idot_permit_no") }},
        {{ clean(rules, "trailer1_width") }},
        {{ clean(rules, "trailer2_width") }},
        {{ clean(rules, "vehicle_config") }},
        {{ clean(rules, "cargo_body_type") }},
        {{ clean(rules, "load_type") }},
        {{ clean(rules, "hazmat_class") }},

        -- numbers
        {{ clean(rules, "unit_no") }},
        {{ clean(rules, "num_passengers") }},
        {{ clean(rules, "vehicle_year") }},
        {{ clean(rules, "gvwr") }},
        {{ clean(rules, "occupant_cnt") }},
        {{ clean(rules, "trailer1_length") }},
        {{ clean(rules, "trailer2_length") }},
        {{ clean(rules, "total_vehicle_length") }},
        {{ clean(rules, "axle_cnt") }},

        -- flags
        {{ clean(rules, "cmrc_veh_i") }},
        {{ clean(rules, "towed_i") }},
        {{ clean(rules, "fire_i") }},
        {{ clean(rules, "exceed_speed_limit_i") }},
        {{ clean(rules, "area_00_i") }},
        {{ clean(rules, "area_01_i") }},
        {{ clean(rules, "area_02_i") }},
        {{ clean(rules, "area_03_i") }},
        {{ clean(rules, "area_04_i") }},
        {{ clean(rules, "area_05_i") }},
        {{ clean(rules, "area_06_i") }},
        {{ clean(rules, "area_07_i") }},
        {{ clean(rules, "area_08_i") }},
        {{ clean(rules, "area_09_i") }},
        {{ clean(rules, "area_10_i") }},
        {{ clean(rules, "area_11_i") }},
        {{ clean(rules, "area_12_i") }},
        {{ clean(rules, "area_99_i") }},
        {{ clean(rules, "hazmat_placards_i") }},
        {{ clean(rules, "hazmat_present_i") }},
        {{ clean(rules, "hazmat_report_i") }},
        {{ clean(rules, "mcs_report_i") }},
        {{ clean(rules, "hazmat_vio_cause_crash_i") }},
        {{ clean(rules, "mcs_vio_cause_crash_i") }},
        {{ clean(rules, "wide_load_i") }},
        {{ clean(rules, "hazmat_out_of_service_i") }},
        {{ clean(rules, "mcs_out_of_service_i") }},

        -- times
        {{ clean(rules, "crash_date") }},

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

final as (

    select
        {{ settled_values(rules) }},
        {{ is_implausible(rules, "crash_date") }} as has_implausible_date,
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
