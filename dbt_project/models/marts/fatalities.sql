-- One row is a death in traffic by the Vision Zero list.
{{ config(indexes=spatial_indexes("geom")) }}

with

fatalities as (

    select * from {{ ref("stg_fatalities") }}
    where _deleted_at is null

),

matches as (

    select * from {{ ref("int_fatality_matches") }}

),

final as (

    select
        fatalities.fatality_id,
        fatalities.person_id,
        matches.crash_record_id,
        matches.matched_person_id,
        matches.matched_by,
        matches.minutes_apart,
        matches.distance_ft,
        fatalities.crash_date as crashed_at,
        cast(fatalities.crash_date as date) as crash_date,
        fatalities.crash_location,
        fatalities.victim,
        fatalities.crash_circumstances,
        fatalities.longitude,
        fatalities.latitude,
        fatalities.location,
        fatalities.coordinate_quality,
        fatalities.has_implausible_date,
        fatalities.first_seen_at,
        fatalities.last_amended_at,
        fatalities.geom,
        {{ point_in_degrees("fatalities.longitude", "fatalities.latitude") }}
            as geom_4326,
        count(*) over (partition by fatalities._version_hash) > 1
            as is_possible_duplicate
    from fatalities
    left join matches
        on fatalities.fatality_id = matches.fatality_id

)

select * from final
