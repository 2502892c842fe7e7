-- One row is one of the last 36 months: how many days its reports took to come.
with

newest as (

    select max(month_start) as month_start
    from marts.reporting_lag

)

select
    lags.month_start,
    lags.total_crashes as crashes,
    lags.observed_crashes,
    lags.is_provisional,
    cast(
        round(cast(lags.lag_days_p50 as decimal(18, 6)), 1) as double precision
    )
        as days_p50,
    cast(
        round(cast(lags.lag_days_p90 as decimal(18, 6)), 1) as double precision
    )
        as days_p90,
    cast(
        round(cast(lags.lag_days_p99 as decimal(18, 6)), 1) as double precision
    )
        as days_p99
from marts.reporting_lag as lags
inner join newest
    on
        lags.month_start
        > cast(newest.month_start - interval '36 months' as date)
order by lags.month_start
