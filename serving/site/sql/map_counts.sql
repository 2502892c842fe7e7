-- One row is a choice of the map's filters, and how many of its crashes that have
-- a place it leaves. A crash with a pedestrian and a cyclist counts as both.
with

window_of_years as (

    select
        max(last_day) as last_day,
        cast(max(last_day) - interval '3 years' as date) + 1 as first_day
    from marts.dashboard_metrics

),

crashes as (

    select
        crashes.severity,
        crashes.pedestrians,
        crashes.cyclists,
        cast(cast(extract(year from crashes.crash_date) as integer) as text)
            as crash_year
    from marts.crashes
    inner join window_of_years
        on
            crashes.crash_date between
            window_of_years.first_day and window_of_years.last_day
    where
        crashes.is_ksi
        and not crashes.has_implausible_date
        and crashes.coordinate_quality = 'ok'

)

select
    years.chosen_year,
    road_users.road_user,
    severities.chosen_severity,
    count(*) as crashes
from crashes
cross join lateral (
    values ('all'), (crashes.crash_year)
) as years (chosen_year)
cross join lateral (
    values
    ('all', true),
    ('pedestrian', crashes.pedestrians > 0),
    ('cyclist', crashes.cyclists > 0),
    ('motorists', crashes.pedestrians = 0 and crashes.cyclists = 0)
) as road_users (road_user, is_in_it)
cross join lateral (
    values ('all'), (crashes.severity)
) as severities (chosen_severity)
where road_users.is_in_it
group by years.chosen_year, road_users.road_user, severities.chosen_severity
order by years.chosen_year, road_users.road_user, severities.chosen_severity
