-- One row is a death of the Vision Zero list in the last five years up to the
-- last publication, and a ward or community area that it lies in; one on a
-- boundary is on both sides of it.
with

window_of_years as (

    select cast(max(last_day) - interval '5 years' as date) + 1 as first_day
    from marts.dashboard_metrics

)

select
    places.layer,
    places.place_id,
    deaths.crash_date,
    deaths.crash_location,
    deaths.victim,
    deaths.crash_circumstances,
    deaths.is_possible_duplicate
from marts.places
inner join marts.fatalities as deaths
    on st_intersects(places.geom, deaths.geom)
inner join window_of_years
    on deaths.crash_date >= window_of_years.first_day
where places.layer in ('wards', 'community_areas')
order by
    places.layer asc,
    places.place_id asc,
    deaths.crashed_at desc,
    deaths.fatality_id asc
