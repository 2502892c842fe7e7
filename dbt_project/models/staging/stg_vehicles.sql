-- One row is a unit in a crash: the newest version that raw holds, typed.
{{ config(unique_key="crash_unit_id") }}

with

source as (

    {{ newest_versions(source("raw", "vehicles"), key="crash_unit_id") }}

),

typed as (

    select
        -- ids
        crash_unit_id,
        crash_record_id,
        {{ typed("vehicle_id", "bigint") }},
        cmv_id,

        -- text
        unit_type,
        make,
        model,
        lic_plate_state,
        vehicle_defect,
        vehicle_type,
        vehicle_use,
        travel_direction,
        maneuver,
        towed_by,
        towed_to,
        first_contact_point,
        usdot_no,
        ccmc_no,
        ilcc_no,
        commercial_src,
        gvwr,
        carrier_name,
        carrier_state,
        carrier_city,
        hazmat_name,
        un_no,
        hazmat_report_no,
        mcs_report_no,
        idot_permit_no,
        trailer1_width,
        trailer2_width,
        vehicle_config,
        cargo_body_type,
        load_type,
        hazmat_class,

        -- numbers
        {{ typed("unit_no", "integer") }},
        {{ typed("num_passengers", "integer") }},
        {{ typed("vehicle_year", "integer") }},
        {{ typed("occupant_cnt", "integer") }},
        {{ typed("trailer1_length", "integer") }},
        {{ typed("trailer2_length", "integer") }},
        {{ typed("total_vehicle_length", "integer") }},
        {{ typed("axle_cnt", "integer") }},

        -- flags
        {{ typed("cmrc_veh_i", "boolean") }},
        {{ typed("towed_i", "boolean") }},
        {{ typed("fire_i", "boolean") }},
        {{ typed("exceed_speed_limit_i", "boolean") }},
        {{ typed("area_00_i", "boolean") }},
        {{ typed("area_01_i", "boolean") }},
        {{ typed("area_02_i", "boolean") }},
        {{ typed("area_03_i", "boolean") }},
        {{ typed("area_04_i", "boolean") }},
        {{ typed("area_05_i", "boolean") }},
        {{ typed("area_06_i", "boolean") }},
        {{ typed("area_07_i", "boolean") }},
        {{ typed("area_08_i", "boolean") }},
        {{ typed("area_09_i", "boolean") }},
        {{ typed("area_10_i", "boolean") }},
        {{ typed("area_11_i", "boolean") }},
        {{ typed("area_12_i", "boolean") }},
        {{ typed("area_99_i", "boolean") }},
        {{ typed("hazmat_placards_i", "boolean") }},
        {{ typed("hazmat_present_i", "boolean") }},
        {{ typed("hazmat_report_i", "boolean") }},
        {{ typed("mcs_report_i", "boolean") }},
        {{ typed("hazmat_vio_cause_crash_i", "boolean") }},
        {{ typed("mcs_vio_cause_crash_i", "boolean") }},
        {{ typed("wide_load_i", "boolean") }},
        {{ typed("hazmat_out_of_service_i", "boolean") }},
        {{ typed("mcs_out_of_service_i", "boolean") }},

        -- times
        {{ typed("crash_date", "timestamp") }},

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
