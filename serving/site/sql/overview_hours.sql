-- One row is an hour of a weekday: its crashes of the three years that end with
-- the last publication. 1 is Monday.
with

window_of_years as (

    select
        max(last_day) as last_day,
        cast(max(last_day) - interval '3 years' as date) + 1 as first_day
    from marts.dashboard_metrics

),

crashes as (

    select
        cast(extract(isodow from crashes.crash_date) as integer) as day_of_week,
        cast(extract(hour from crashes.crashed_at) as integer) as crash_hour,
        crashes.is_ksi
    from marts.crashes
    inner join window_of_years
        on
            crashes.crash_date between
            window_of_years.first_day and window_of_years.last_day
    where not crashes.has_implausible_date

)

select
    cast(weekdays.day_of_week as integer) as day_of_week,
    cast(clock.crash_hour as integer) as crash_hour,
    count(crashes.day_of_week) as crashes,
    count(case when crashes.is_ksi then 1 end) as ksi_crashes
from generate_series(1, 7) as weekdays (day_of_week)
cross join generate_series(0, 23) as clock (crash_hour)
left join crashes
    on
        weekdays.day_of_week = crashes.day_of_week
        and clock.crash_hour = crashes.crash_hour
group by weekdays.day_of_week, clock.crash_hour
order by weekdays.day_of_week, clock.crash_hour
