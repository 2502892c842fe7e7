-- At which hours of the day is a crash most likely to kill or badly hurt somebody?
select
    crash_hour,
    total_crashes,
    total_ksi,
    cast(1000.0 * total_ksi / total_crashes as decimal(18, 1))
        as killed_or_badly_hurt_per_1000_crashes
from marts.crashes_by_hour
where total_crashes > 0
order by 4 desc, crash_hour
limit 8
