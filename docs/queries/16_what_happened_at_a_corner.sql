-- What crashes were there within 500 feet of Milwaukee, Damen and North Avenue in 2025?
select
    crashed_at,
    severity,
    first_crash_type,
    prim_contributory_cause,
    pedestrians,
    cyclists,
    cast(distance_ft as decimal(18, 0)) as feet_away
from marts.crashes_near_point(
    -87.6776, 41.9103, 500, date '2025-01-01', date '2026-01-01'
)
order by crashed_at, feet_away
