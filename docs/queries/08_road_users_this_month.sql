-- Who was in the crashes of the last 30 days: pedestrians, cyclists, or motorists alone?
select
    daily.value as road_user,
    sum(daily.total_crashes) as crashes,
    sum(daily.total_injuries) as injured,
    sum(daily.total_ksi) as killed_or_badly_hurt
from marts.crashes_daily_by as daily
inner join marts.dashboard_metrics as span
    on daily.crash_date between span.first_day and span.last_day
where
    daily.dimension = 'road_user'
    and span.span = 'last_30_days'
    and span.metric = 'total_crashes'
group by daily.value
order by crashes desc, daily.value
