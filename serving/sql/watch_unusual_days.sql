-- One row is one of the newest seven settled days whose crashes lie outside
-- their band: farther than $1 deviations from the median of the same weekday in
-- the 52 weeks before. A deviation is 1.4826 times the median absolute one,
-- which estimates the standard deviation and which the few days of a snow storm
-- do not move; at least that of a Poisson count, the root of its mean, as the
-- counts of a small warehouse vary by. Of fewer than $2 such weekdays nothing
-- is said.
with

publication as (

    select
        max(last_day)
        - (select max(lags.settling_days) from marts.reporting_lag as lags)
            as provisional_since
    from marts.dashboard_metrics

),

known as (

    select min(crash_date) as first_day
    from marts.crashes_daily

),

watched as (

    select publication.provisional_since - watched_days.days_back as crash_date
    from publication
    cross join
        (values (1), (2), (3), (4), (5), (6), (7)) as watched_days (days_back)

),

counted as (

    -- After its last crash the warehouse knows of days without.
    select
        watched.crash_date,
        coalesce(daily.total_crashes, 0) as total_crashes
    from watched
    cross join known
    left join marts.crashes_daily as daily
        on watched.crash_date = daily.crash_date
    where watched.crash_date >= known.first_day

),

weekdays as (

    select
        counted.crash_date,
        daily.total_crashes
    from counted
    inner join marts.crashes_daily as daily
        on
            daily.crash_date
            between counted.crash_date - 364 and counted.crash_date - 7
            and (counted.crash_date - daily.crash_date) % 7 = 0

),

medians as (

    select
        crash_date,
        count(*) as weekdays,
        percentile_cont(0.5) within group (order by total_crashes) as median
    from weekdays
    group by crash_date

),

deviations as (

    select
        medians.crash_date,
        percentile_cont(0.5) within group (
            order by abs(weekdays.total_crashes - medians.median)
        ) as median_deviation
    from medians
    inner join weekdays
        on medians.crash_date = weekdays.crash_date
    group by medians.crash_date

),

bands as (

    select
        medians.crash_date,
        medians.weekdays,
        medians.median,
        greatest(1.4826 * deviations.median_deviation, sqrt(medians.median))
        * cast($1 as double precision) as half_width
    from medians
    inner join deviations
        on medians.crash_date = deviations.crash_date

)

select
    counted.crash_date,
    counted.total_crashes,
    bands.weekdays,
    bands.median,
    greatest(bands.median - bands.half_width, 0) as band_from,
    bands.median + bands.half_width as band_to
from counted
inner join bands
    on counted.crash_date = bands.crash_date
where
    bands.weekdays >= cast($2 as integer)
    and counted.total_crashes
    not between bands.median - bands.half_width
    and bands.median + bands.half_width
order by counted.crash_date
