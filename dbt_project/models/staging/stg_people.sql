-- One row is a person in a crash: the newest version that raw holds, cleaned.
{{ config(
    unique_key="person_id",
    indexes=indexes_on("person_id", ["_dlt_load_id", "_deleted_at"])
    + indexes_on("crash_record_id", [])
) }}

{%- set rules = cleaning_rules("people") %}

with

source as (

    {{ newest_versions(source("raw", "people"), key="person_id") }}

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
        {{ clean(rules, "person_id") }},
        {{ clean(rules, "crash_record_id") }},
        {{ clean(rules, "vehicle_id") }},

        -- text
        {{ clean(rules, "person_type") }},
        {{ clean(rules, "seat_no") }},
        {{ clean(rules, "city") }},
        {{ clean(rules, "state") }},
        {{ clean(rules, "zipcode") }},
        {{ clean(rules, "sex") }},
        {{ clean(rules, "drivers_license_state") }},
        {{ clean(rules, "drivers_license_class") }},
        {{ clean(rules, "safety_equipment") }},
        {{ clean(rules, "airbag_deployed") }},
        {{ clean(rules, "ejection") }},
        {{ clean(rules, "injury_classification") }},
        {{ clean(rules, "hospital") }},
        {{ clean(rules, "ems_agency") }},
        {{ clean(rules, "ems_run_no") }},
        {{ clean(rules, "driver_action") }},
        {{ clean(rules, "driver_vision") }},
        {{ clean(rules, "physical_condition") }},
        {{ clean(rules, "pedpedal_action") }},
        {{ clean(rules, "pedpedal_visibility") }},
        {{ clean(rules, "pedpedal_location") }},
        {{ clean(rules, "bac_result") }},
        {{ clean(rules, "cell_phone_use") }},

        -- numbers
        {{ clean(rules, "age") }},
        {{ clean(rules, "bac_result_value") }},

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
