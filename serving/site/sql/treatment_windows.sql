-- One row is a year before or after a treatment at longitude $1 and latitude $2
-- on the day $4, for crashes no further from it than $3 feet; $5 years each way,
-- without those of which the data has no day.
select
    period,
    year_number,
    starts_on,
    ends_on,
    is_whole,
    total_crashes as crashes,
    total_injuries as injuries,
    total_fatalities as deaths,
    total_ksi as ksi,
    pedestrian_crashes,
    cyclist_crashes,
    comprehensive_cost_usd as cost_usd,
    city_crashes,
    share_of_city_crashes
from marts.before_after(
    cast($1 as double precision),
    cast($2 as double precision),
    cast($3 as double precision),
    cast(cast($4 as text) as date),
    cast($5 as integer)
)
where
    starts_on <= (select max(each_day.crash_date) from marts.crashes_daily as each_day)
    and ends_on >= (select min(each_day.crash_date) from marts.crashes_daily as each_day)
order by year_number
