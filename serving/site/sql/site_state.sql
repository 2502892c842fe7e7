-- One row: what all pages tell of the data. `recent_since` is the first day of
-- the three years that end with the last publication.
select
    max(metrics.last_day) as published_until,
    max(metrics.last_day) - max(lags.settling_days) as provisional_since,
    max(lags.settling_days) as settling_days,
    cast(max(metrics.last_day) - interval '3 years' as date) + 1
        as recent_since,
    (select min(crash_date) from marts.crashes_daily) as first_day
from marts.dashboard_metrics as metrics
left join
    (select max(settling_days) as settling_days from marts.reporting_lag)
        as lags
    on true
