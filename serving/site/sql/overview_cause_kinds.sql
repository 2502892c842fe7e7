-- One row is a kind of cause: its crashes since the first, and their share.
select
    category,
    cast(sum(total_crashes) as bigint) as crashes,
    cast(sum(total_injuries) as bigint) as injuries,
    cast(sum(total_fatalities) as bigint) as deaths,
    cast(sum(total_ksi) as bigint) as ksi,
    cast(sum(total_crashes) as double precision)
    / nullif(cast(sum(sum(total_crashes)) over () as double precision), 0)
        as share_of_crashes,
    cast(sum(total_ksi) as double precision)
    / nullif(cast(sum(sum(total_ksi)) over () as double precision), 0)
        as share_of_ksi
from marts.crashes_by_cause
group by category
order by ksi desc, crashes desc, category asc
