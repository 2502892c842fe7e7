-- In which weather did people get badly hurt in the last 365 days?
select
    daily.value as weather_condition,
    sum(daily.total_crashes) as crashes,
    sum(daily.total_ksi) as killed_or_badly_hurt
from marts.crashes_daily_by as daily
inner join marts.dashboard_metrics as span
    on daily.crash_date between span.first_day and span.last_day
where
    daily.dimension = 'weather_condition'
    and span.span = 'last_365_days'
    and span.metric = 'total_crashes'
group by daily.value
having sum(daily.total_crashes) > 0
order by crashes desc, daily.value
