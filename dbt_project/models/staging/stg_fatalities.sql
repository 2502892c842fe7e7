-- One row is a Vision Zero death: the newest version that raw holds, typed.
{{ config(unique_key="fatality_id") }}

with

source as (

    {{ newest_versions(source("raw", "fatalities"), key="_record_key") }}

),

typed as (

    select
        -- ids
        _record_key as fatality_id,
        person_id,

        -- text
        crash_location,
        victim,
        crash_circumstances,
        location,

        -- numbers
        {{ typed("longitude", "double precision") }},
        {{ typed("latitude", "double precision") }},

        -- times
        {{ typed("crash_date", "timestamp") }},

        -- the record's history
        first_seen_at,
        last_amended_at,
        version_count,
        _version_hash,
        _row_id,
        {{ typed("_row_updated_at", "instant") }},
        _dlt_load_id,
        _deleted_at

    from source

)

select * from typed
