-- One row is a month with crashes.
with

lags as (

    select * from {{ ref("int_crash_lags") }}

),

publication as (

    select * from {{ ref("int_publication") }}

),

months as (

    select
        month_start,
        count(*) as total_crashes,
        count(lag_days) as observed_crashes,
        {{ quantile(0.50, "lag_days") }} as lag_days_p50,
        {{ quantile(0.90, "lag_days") }} as lag_days_p90,
        {{ quantile(0.95, "lag_days") }} as lag_days_p95,
        {{ quantile(0.99, "lag_days") }} as lag_days_p99,
        max(lag_days) as lag_days_max
    from lags
    group by month_start

),

final as (

    select
        months.month_start,
        months.total_crashes,
        months.observed_crashes,
        months.lag_days_p50,
        months.lag_days_p90,
        months.lag_days_p95,
        months.lag_days_p99,
        months.lag_days_max,
        publication.settling_days,
        {{ is_month_provisional("months.month_start", "publication") }}
            as is_provisional
    from months
    cross join publication

)

select * from final
