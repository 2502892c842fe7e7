-- One row a unit: a vehicle with or without driver, a pedestrian, a cyclist.
create or replace table unit_facts as
with unit as (
    select
        c.crash_no,
        c.crash_record_id,
        c.crashed_at,
        c.day,
        c.first_crash_type,
        c.is_without_people,
        c.has_injuries,
        u.unit_no,
        hash(hash(c.k, u.unit_no, 'unit')) as k,
        case
            when u.unit_no = c.units and c.first_crash_type = 'PEDESTRIAN'
                then 'PEDESTRIAN'
            when u.unit_no = c.units and c.first_crash_type = 'PEDALCYCLIST'
                then 'BICYCLE'
            when u.unit_no > 1 and c.first_crash_type = 'PARKED MOTOR VEHICLE'
                then 'PARKED'
            when u.unit_no > 1 and chance(c.k, 'also parked') < 0.045
                then 'PARKED'
            when c.units = 1 then 'DRIVER'
            else pick_unit_type_moving(chance(hash(c.k, u.unit_no),
                'unit type'))
        end as unit_type
    from crash_facts as c, range(1, c.units + 1) as u (unit_no)
),

filled as (
    select
        *,
        case
            when unit_type = 'DRIVER' and chance(k, 'passengers') < 0.178
                then pick_num_passengers(chance(k, 'num passengers'))::integer
        end as passengers
    from unit
),

manned as (
    select
        *,
        case
            when is_without_people or unit_type in ('PARKED', 'DRIVERLESS')
                then 0
            else 1 + coalesce(passengers, 0)
        end as people
    from filled
)

select
    *,
    units_before() + row_number() over (order by crash_no, unit_no) as unit_id,
    people_before()
    + sum(people) over (order by crash_no, unit_no rows unbounded preceding)
    - people as people_before_it
from manned
order by unit_id;
