-- One row is one of the last 72 months, from its first day in the data on.
with

months as (

    select
        cast(date_trunc('month', crash_date) as date) as month_start,
        cast(sum(total_crashes) as bigint) as crashes,
        cast(sum(total_injuries) as bigint) as injuries,
        cast(sum(total_fatalities) as bigint) as deaths,
        cast(sum(total_ksi) as bigint) as ksi
    from marts.crashes_daily
    group by cast(date_trunc('month', crash_date) as date)

),

newest as (

    select max(month_start) as month_start
    from months

)

select
    months.month_start,
    months.crashes,
    months.injuries,
    months.deaths,
    months.ksi,
    coalesce(lags.is_provisional, false) as is_provisional
from months
inner join newest
    on
        months.month_start
        > cast(newest.month_start - interval '72 months' as date)
left join marts.reporting_lag as lags
    on months.month_start = lags.month_start
order by months.month_start
