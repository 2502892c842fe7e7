-- One row a crash: when, where and how, before anyone is in it.
create or replace table crash_facts as
with numbered as (
    select
        i as crash_no,
        hash(hash(i, seed())) as k,
        (i - 0.5) / crashes_in_all() as share
    from range(first_crash(), last_crash() + 1) as r (i)
),

dated as (
    select
        n.crash_no,
        n.k,
        d.day,
        case
            when dayofweek(d.day) in (0, 6)
                then pick_hour_weekend(chance(n.k, 'hour'))
            else pick_hour_weekday(chance(n.k, 'hour'))
        end::integer as hour,
        -- people round: the hour, the half, the quarter, five minutes
        case
            when chance(n.k, 'rounding') < 0.22 then one_of(n.k, 'half', 2) * 30
            when chance(n.k, 'rounding') < 0.40
                then one_of(n.k, 'quarter', 4) * 15
            when chance(n.k, 'rounding') < 0.72 then one_of(n.k, 'five', 12) * 5
            else one_of(n.k, 'minute', 60)
        end as minute
    from numbered as n
    asof join days as d on n.share >= d.starts
),

placed as (
    select
        d.*,
        s.name as street,
        s.runs,
        s.at_miles,
        s.row_no,
        s.column_no,
        s.traffic,
        chance(d.k, 'crossing') < 0.45 and len(s.crossings) > 0 as at_crossing,
        case
            when chance(d.k, 'crossing') < 0.45 and len(s.crossings) > 0
                then
                    s.crossings[1
                        + one_of(d.k, 'which crossing', len(s.crossings))]
                    + (chance(d.k, 'along') - 0.5) * 0.02
            else s.from_miles + chance(d.k, 'along') * 0.5
        end as along_miles,
        -- within the width of a street, 10 m to either side
        s.at_miles + (chance(d.k, 'across') - 0.5) * 0.0125 as across_miles
    from dated as d
    asof join stretches as s on chance(d.k, 'stretch') >= s.starts
)

select
    p.* exclude (hour, minute, along_miles, across_miles),
    p.hour,
    p.day::timestamp + to_hours(p.hour) + to_minutes(p.minute) as crashed_at,
    case p.runs when 'ns' then p.across_miles else p.along_miles end as x,
    case p.runs when 'ns' then p.along_miles else p.across_miles end as y,
    pick_first_crash_type(chance(p.k, 'first crash type')) as first_crash_type,
    sha256(p.k || 'left') || sha256(p.k || 'right') as crash_record_id,
    case
        when pick_first_crash_type(chance(p.k, 'first crash type')) in (
            'FIXED OBJECT', 'OTHER OBJECT', 'ANIMAL', 'OVERTURNED',
                'OTHER NONCOLLISION'
        )
            then case when chance(p.k, 'alone') < 0.9 then 1 else 2 end
        when pick_first_crash_type(chance(p.k, 'first crash type')) in (
            'PEDESTRIAN', 'PEDALCYCLIST'
        )
            then case when chance(p.k, 'alone') < 0.95 then 2 else 3 end
        else greatest(2, pick_num_units(chance(p.k, 'units'))::integer)
    end as units,
    chance(p.k, 'no people') < 0.0018 as is_without_people,
    chance(p.k, 'hurt') < case
        when pick_first_crash_type(chance(p.k, 'first crash type')) in (
            'PEDESTRIAN', 'PEDALCYCLIST'
        ) then 0.88
        else coalesce(map {
            'ANGLE': 0.44,
            'HEAD ON': 0.48,
            'TURNING': 0.28,
            'REAR END': 0.20,
            'FIXED OBJECT': 0.40,
            'OVERTURNED': 0.6,
            'PARKED MOTOR VEHICLE': 0.12,
            'SIDESWIPE SAME DIRECTION': 0.08,
            'OTHER OBJECT': 0.25,
        }[pick_first_crash_type(chance(p.k, 'first crash type'))], 0.12)
    end as has_injuries
from placed as p
order by p.crash_no;
