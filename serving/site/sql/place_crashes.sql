-- One row is a crash of the three years that end with the last publication, in
-- which somebody was killed or seriously injured, and a ward or community area
-- that it lies in: where it was, in feet of EPSG:3435.
with

window_of_years as (

    select
        max(last_day) as last_day,
        cast(max(last_day) - interval '3 years' as date) + 1 as first_day
    from marts.dashboard_metrics

)

select
    inside.layer,
    inside.place_id,
    crashes.crash_date,
    cast(extract(hour from crashes.crashed_at) as integer) as crash_hour,
    crashes.severity,
    crashes.street_no,
    crashes.street_direction,
    crashes.street_name,
    cast(round(st_x(crashes.geom)) as bigint) as x,
    cast(round(st_y(crashes.geom)) as bigint) as y,
    crashes.pedestrians > 0 as has_pedestrian,
    crashes.cyclists > 0 as has_cyclist,
    coalesce(crashes.injuries_fatal, 0) as deaths,
    coalesce(crashes.injuries_total, 0) as injuries,
    coalesce(crashes.prim_contributory_cause, 'NOT STATED') as cause,
    coalesce(crashes.first_crash_type, 'NOT STATED') as first_crash_type
from marts.crashes_in_places as inside
inner join marts.crashes
    on inside.crash_record_id = crashes.crash_record_id
inner join window_of_years
    on
        crashes.crash_date between
        window_of_years.first_day and window_of_years.last_day
where
    inside.layer in ('wards', 'community_areas')
    and crashes.is_ksi
    and not crashes.has_implausible_date
order by
    inside.layer asc,
    inside.place_id asc,
    crashes.crashed_at desc,
    crashes.crash_record_id asc
