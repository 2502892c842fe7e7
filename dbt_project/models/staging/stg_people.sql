-- One row is a person in a crash: the newest version that raw holds, typed.
{{ config(unique_key="person_id") }}

with

source as (

    {{ newest_versions(source("raw", "people"), key="person_id") }}

),

typed as (

    select
        -- ids
        person_id,
        crash_record_id,
        {{ typed("vehicle_id", "bigint") }},

        -- text
        person_type,
        seat_no,
        city,
        state,
        zipcode,
        sex,
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
        cell_phone_use,

        -- numbers
        {{ typed("age", "integer") }},
        {{ typed("bac_result_value", "double precision") }},

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
