-- One row is a death in traffic by the Vision Zero list.
with

fatalities as (

    select * from {{ ref("stg_fatalities") }}

),

final as (

    select
        fatality_id,
        person_id,
        crash_date as crashed_at,
        cast(crash_date as date) as crash_date,
        crash_location,
        victim,
        crash_circumstances,
        longitude,
        latitude,
        location,
        coordinate_quality,
        has_implausible_date,
        first_seen_at,
        last_amended_at
    from fatalities

)

select * from final
