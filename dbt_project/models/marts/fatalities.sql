-- One row is a death in traffic by the Vision Zero list.
{{ config(indexes=spatial_indexes("geom")) }}

with

fatalities as (

    select * from {{ ref("stg_fatalities") }}
    where _deleted_at is null

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
        last_amended_at,
        geom,
        {{ point_in_degrees("longitude", "latitude") }} as geom_4326,
        count(*) over (partition by _version_hash) > 1
            as is_possible_duplicate
    from fatalities

)

select * from final
