-- One row is a cause: its crashes since the first.
select
    cause,
    category,
    total_crashes as crashes,
    total_injuries as injuries,
    total_fatalities as deaths,
    total_ksi as ksi
from marts.crashes_by_cause
order by total_ksi desc, total_crashes desc, cause asc
