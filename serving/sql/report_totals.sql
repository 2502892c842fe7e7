-- One row is a span of days that the daily report tells of, beside as many days
-- that end 364 days before: 52 weeks, so that the weekdays are the same. $1 is
-- the day that is reported on; null for the day before the portal's last
-- publication, the newest that may be whole.
with

publication as (

    select
        max(last_day) as published_until,
        max(last_day)
        - (select max(lags.settling_days) from marts.reporting_lag as lags)
            as provisional_since
    from marts.dashboard_metrics

),

reported as (

    select
        published_until,
        provisional_since,
        coalesce(cast(cast($1 as text) as date), published_until - 1)
            as reported_day
    from publication

),

known as (

    select min(crash_date) as first_day
    from marts.crashes_daily

),

spans as (

    select
        'day' as span,
        reported_day as first_day,
        reported_day as last_day
    from reported
    union all
    select
        'week' as span,
        reported_day - 6 as first_day,
        reported_day as last_day
    from reported
    union all
    -- Where reports of the week are still coming in: the newest week of which
    -- they are not.
    select
        'settled_week' as span,
        provisional_since - 7 as first_day,
        provisional_since - 1 as last_day
    from reported
    where reported_day >= provisional_since

),

both_years as (

    select
        spans.span,
        shifts.is_year_before,
        spans.first_day - shifts.shift_days as first_day,
        spans.last_day - shifts.shift_days as last_day
    from spans
    cross join
        (values (0, false), (364, true)) as shifts (shift_days, is_year_before)

),

totals as (

    select
        both_years.span,
        both_years.is_year_before,
        both_years.first_day,
        both_years.last_day,
        cast(coalesce(sum(daily.total_crashes), 0) as bigint) as crashes,
        cast(coalesce(sum(daily.total_injuries), 0) as bigint) as injuries,
        cast(coalesce(sum(daily.total_fatalities), 0) as bigint) as deaths,
        cast(coalesce(sum(daily.total_ksi), 0) as bigint) as ksi,
        -- Before its first crash the warehouse knows of no day, after its last
        -- of days without.
        both_years.first_day >= known.first_day as is_known
    from both_years
    cross join known
    left join marts.crashes_daily as daily
        on daily.crash_date between both_years.first_day and both_years.last_day
    group by
        both_years.span,
        both_years.is_year_before,
        both_years.first_day,
        both_years.last_day,
        known.first_day

)

select
    these.span,
    these.first_day,
    these.last_day,
    those.first_day as first_day_before,
    those.last_day as last_day_before,
    these.is_known,
    these.crashes,
    these.injuries,
    these.deaths,
    these.ksi,
    reported.published_until,
    reported.provisional_since,
    case when those.is_known then those.crashes end as crashes_before,
    case when those.is_known then those.injuries end as injuries_before,
    case when those.is_known then those.deaths end as deaths_before,
    case when those.is_known then those.ksi end as ksi_before,
    these.last_day >= reported.provisional_since as is_provisional
from totals as these
inner join totals as those
    on these.span = those.span
cross join reported
where not these.is_year_before and those.is_year_before
order by these.last_day desc, these.first_day desc
