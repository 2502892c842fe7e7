-- How does each of the last eight whole weeks compare with the week 52 weeks before?
select
    this_week.week_start,
    this_week.total_crashes as crashes,
    year_before.total_crashes as crashes_year_before,
    this_week.total_ksi as killed_or_badly_hurt,
    year_before.total_ksi as killed_or_badly_hurt_year_before
from marts.crashes_weekly as this_week
inner join marts.crashes_weekly as year_before
    on this_week.week_start - 364 = year_before.week_start
where this_week.days_counted = 7
order by this_week.week_start desc
limit 8
