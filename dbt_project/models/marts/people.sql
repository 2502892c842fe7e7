-- One row is a person in a crash.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_keys('people', 'person_id', 'person_id')) }}"
) }}

with

people as (

    select
        *,
        {{ severity("injury_classification") }} as severity
    from {{ ref("stg_people") }}
    where
        _deleted_at is null
        and {{ is_of_changed_keys("people", "person_id", "person_id") }}

),

final as (

    select
        person_id,
        person_type,
        crash_record_id,
        vehicle_id,
        crash_date as crashed_at,
        cast(crash_date as date) as crash_date,
        seat_no,
        city,
        state,
        zipcode,
        sex,
        age,
        drivers_license_state,
        drivers_license_class,
        safety_equipment,
        airbag_deployed,
        ejection,
        injury_classification,
        hospital,
        ems_agency,
        ems_run_no,
        driver_action,
        driver_vision,
        physical_condition,
        pedpedal_action,
        pedpedal_visibility,
        pedpedal_location,
        bac_result,
        bac_result_value,
        cell_phone_use,
        severity,
        {{ severity_score("severity") }} as severity_score,
        {{ is_ksi("severity") }} as is_ksi,
        has_implausible_date,
        first_seen_at,
        last_amended_at
    from people

)

select * from final
