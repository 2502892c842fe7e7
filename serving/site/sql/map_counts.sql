-- One row is a choice of the map's filters, and how many of its crashes that
-- have a place it leaves. A crash with a pedestrian and a cyclist is of both.
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

),

choices as (

    select
        road_users.road_user,
        case when years.is_all then 'all' else crashes.crash_year end
            as chosen_year,
        case when severities.is_all then 'all' else crashes.severity end
            as chosen_severity
    from crashes
    cross join (values (true), (false)) as years (is_all)
    cross join (values (true), (false)) as severities (is_all)
    cross join
        (values ('all'), ('pedestrian'), ('cyclist'), ('motorists'))
            as road_users (road_user)
    where
        case road_users.road_user
            when 'pedestrian' then crashes.pedestrians > 0
            when 'cyclist' then crashes.cyclists > 0
            when 'motorists'
                then crashes.pedestrians = 0 and crashes.cyclists = 0
            else true
        end

)

select
    chosen_year,
    road_user,
    chosen_severity,
    count(*) as crashes
from choices
group by chosen_year, road_user, chosen_severity
order by chosen_year, road_user, chosen_severity
