-- How many crashes, deaths and badly hurt people has each year, since crashes are
-- reported citywide? The first and the last year are parts of one.
select
    cast(extract(year from crash_date) as integer) as year,
    count(*) as days,
    sum(total_crashes) as crashes,
    sum(total_fatalities) as killed,
    sum(total_ksi) as killed_or_badly_hurt
from marts.crashes_daily
where crash_date >= date '2017-09-01'
group by 1
order by 1
