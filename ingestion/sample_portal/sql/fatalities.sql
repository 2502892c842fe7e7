-- The list of deaths is kept apart from the crash tables and has no key. Its
-- oddities, as found on the portal: deaths without person_id, two of nobody
-- known, one person on three crashes, two rows equal in every column, a time
-- that is wrong by half a day.
with killed as (
    select
        p.person_no,
        p.person_type,
        p.k,
        p.crashed_at,
        p.day,
        c.x,
        c.y,
        c.street,
        c.runs,
        case when p.person_type = 'PASSENGER' then 'P' else 'O' end
            || (10 + p.person_no)
            as person_id
    from person_facts as p
    inner join crash_facts as c using (crash_no)
    where p.injury = 'FATAL' and p.day >= date '2019-01-01'
),

-- crashes of the last years whose deaths the police does not count: they carry
-- the oddities
odd as (
    select
        c.*,
        row_number() over (order by hash(c.k, 'odd')) as odd_no
    from crash_facts as c
    where c.day >= date '2019-01-01' and not c.has_injuries
    qualify odd_no <= 7
),

death as (
    select
        case when chance(k, 'no person') < 0.03 then null else person_id end
            as person_id,
        case
            when chance(k, 'wrong time') < 0.08 then crashed_at
                + interval 12 hour
            when chance(k, 'wrong time') < 0.16 then crashed_at
                - interval 10 minute
            else crashed_at
        end as crashed_at,
        day,
        person_type,
        street,
        runs,
        x,
        y,
        hash(k, 'death') as row_key
    from killed
    where chance(k, 'on the list') < 0.97
    union all by name
    select
        ['UNK', 'UNK', 'O97056750', 'O97056750', 'O97056750', null,
            'P93000210'][o.odd_no] as person_id,
        o.crashed_at,
        o.day,
        case when o.odd_no = 7 then 'PASSENGER' else 'PEDESTRIAN' end
            as person_type,
        o.street,
        o.runs,
        o.x,
        o.y,
        hash(o.k, n.copy, 'odd death') as row_key
    from odd as o, range(1, case when o.odd_no = 7 then 3 else 2 end)
        as n (copy)
)

select
    person_id,
    iso(crashed_at) as crash_date,
    round(case runs when 'ns' then number_at(y) else abs(x) * 800 end)::integer
        || ' '
    || case
        when runs = 'ns' then case when y >= 0 then 'N' else 'S' end
        when x >= 0 then 'E'
        else 'W'
    end || ' ' || street as crash_location,
    case
        when person_type = 'BICYCLE' then 'CYCLIST'
        when person_type = 'NON-MOTOR VEHICLE' then 'SCOOTER'
        when person_type = 'DRIVER' and chance(row_key, 'motorcycle') < 0.07
            then 'MOTORCYCLIST'
        when person_type = 'NON-CONTACT VEHICLE' then 'DRIVER'
        else person_type
    end as victim,
    case
        when day >= date '2024-01-01' and person_type in ('DRIVER', 'PASSENGER')
            then 'Motor vehicle on ' || street
        when day >= date '2024-01-01' then 'Person outside of a vehicle on '
            || street
    end as crash_circumstances,
    decimals(longitude_of(x), 8) as longitude,
    decimals(latitude_of(y), 8) as latitude,
    wkt_point(longitude_of(x), latitude_of(y), 8) as location,
    row_key,
    day as happened_on
from death
