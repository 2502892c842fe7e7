-- Who dies, by year, on the Vision Zero list, and of how many is the crash known?
select
    cast(extract(year from crash_date) as integer) as year,
    victim,
    count(*) as deaths,
    count(crash_record_id) as deaths_with_crash
from marts.fatalities
where crash_date is not null
group by 1, 2
order by 1, deaths desc, victim
