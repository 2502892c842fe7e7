-- How long until reports come in, and which of the last months still grow?
select
    month_start,
    total_crashes,
    cast(lag_days_p50 as decimal(18, 1)) as days_until_half,
    cast(lag_days_p95 as decimal(18, 1)) as days_until_95_percent,
    settling_days,
    is_provisional
from marts.reporting_lag
order by month_start desc
limit 12
