-- How long until reports come in, and which of the last months still grow?
select
    month_start,
    total_crashes,
    round(cast(lag_days_p50 as numeric), 1) as days_until_half,
    round(cast(lag_days_p95 as numeric), 1) as days_until_95_percent,
    settling_days,
    is_provisional
from marts.reporting_lag
order by month_start desc
limit 12
