-- One row is a unit in a crash.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_keys('vehicles', 'crash_unit_id', 'crash_unit_id')) }}"
) }}

with

vehicles as (

    select * from {{ ref("stg_vehicles") }}
    where
        _deleted_at is null
        and {{ is_of_changed_keys(
            "vehicles", "crash_unit_id", "crash_unit_id"
        ) }}

),

final as (

    select
        crash_unit_id,
        crash_record_id,
        crash_date as crashed_at,
        cast(crash_date as date) as crash_date,
        unit_no,
        unit_type,
        num_passengers,
        vehicle_id,
        cmrc_veh_i,
        make,
        model,
        lic_plate_state,
        vehicle_year,
        vehicle_defect,
        vehicle_type,
        vehicle_use,
        travel_direction,
        maneuver,
        towed_i,
        fire_i,
        occupant_cnt,
        exceed_speed_limit_i,
        towed_by,
        towed_to,
        area_00_i,
        area_01_i,
        area_02_i,
        area_03_i,
        area_04_i,
        area_05_i,
        area_06_i,
        area_07_i,
        area_08_i,
        area_09_i,
        area_10_i,
        area_11_i,
        area_12_i,
        area_99_i,
        first_contact_point,
        cmv_id,
        usdot_no,
        ccmc_no,
        ilcc_no,
        commercial_src,
        gvwr,
        carrier_name,
        carrier_state,
        carrier_city,
        hazmat_placards_i,
        hazmat_name,
        un_no,
        hazmat_present_i,
        hazmat_report_i,
        hazmat_report_no,
        mcs_report_i,
        mcs_report_no,
        hazmat_vio_cause_crash_i,
        mcs_vio_cause_crash_i,
        idot_permit_no,
        wide_load_i,
        trailer1_width,
        trailer2_width,
        trailer1_length,
        trailer2_length,
        total_vehicle_length,
        axle_cnt,
        vehicle_config,
        cargo_body_type,
        load_type,
        hazmat_out_of_service_i,
        mcs_out_of_service_i,
        hazmat_class,
        has_implausible_date,
        first_seen_at,
        last_amended_at
    from vehicles

)

select * from final
