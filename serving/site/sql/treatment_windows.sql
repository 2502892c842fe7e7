-- One row is a year before or after a treatment at longitude $1 and latitude $2
-- on the day $4, for crashes no further from it than $3 feet; $5 years each
-- way, without those of which the data has no day.
with

known as (

    select
        min(crash_date) as first_day,
        max(crash_date) as last_day
    from marts.crashes_daily

),

windows as (

    select *
    from
        marts.before_after(
            cast($1 as double precision),
            cast($2 as double precision),
            cast($3 as double precision),
            cast(cast($4 as text) as date),
            cast($5 as integer)
        )

)

select
    windows.period,
    windows.year_number,
    windows.starts_on,
    windows.ends_on,
    windows.is_whole,
    windows.total_crashes as crashes,
    windows.total_injuries as injuries,
    windows.total_fatalities as deaths,
    windows.total_ksi as ksi,
    windows.pedestrian_crashes,
    windows.cyclist_crashes,
    windows.comprehensive_cost_usd as cost_usd,
    windows.city_crashes,
    windows.share_of_city_crashes
from windows
cross join known
where
    windows.starts_on <= known.last_day
    and windows.ends_on >= known.first_day
order by windows.year_number
