-- What share of each year's crashes are hit and run? Reports that do not say are counted
-- apart; the last year is a part of one.
select
    cast(extract(year from crash_date) as integer) as year,
    sum(case when value = 'Y' then total_crashes end) as hit_and_run,
    sum(case when value = 'NOT STATED' then total_crashes end) as not_stated,
    sum(total_crashes) as crashes,
    cast(
        100.0 * sum(case when value = 'Y' then total_crashes end) / sum(total_crashes)
        as decimal(18, 1)
    ) as hit_and_run_percent
from marts.crashes_daily_by
where dimension = 'hit_and_run' and crash_date >= date '2018-01-01'
group by 1
order by 1
