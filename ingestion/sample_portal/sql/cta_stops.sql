-- Lines are drawn along arterials, a station every half mile, two stops each.
with line as (
    select * from (
        values
            ('red', 'STATE ST', 'ns'), ('brn', 'KEDZIE AVE', 'ns'),
                ('blue', 'PULASKI RD', 'ns'),
            ('o', 'HALSTED ST', 'ns'), ('g', 'LAKE ST', 'ew'),
                ('pnk', 'CERMAK RD', 'ew'),
            ('p', 'DAMEN AVE', 'ns'), ('y', 'ASHLAND AVE', 'ns')
    ) as l (color, street, runs)
),

station as (
    select
        l.color,
        c.*,
        row_number() over (order by l.color, c.crossing_no) as station_no
    from line as l
    inner join crossings as c
        on (l.runs = 'ns' and c.ns_name = l.street) or (l.runs = 'ew'
            and c.ew_name = l.street)
)

select
    30000 + station_no * 2 + d.direction as stop_id,
    ['N', 'S'][d.direction] as direction_id,
    ew_name || ' (' || ['Northbound', 'Southbound'][d.direction] || ')'
        as stop_name,
    ew_name || '/' || ns_name as station_name,
    ew_name || '/' || ns_name || ' (' || color || ' line)'
        as station_descriptive_name,
    40000 + station_no * 10 as map_id,
    chance(hash(station_no, seed()), 'lift') < 0.72 as ada,
    color = 'red' as red,
    color = 'blue' as blue,
    color = 'g' as g,
    color = 'brn' as brn,
    color = 'p' as p,
    color = 'p' and station_no % 2 = 0 as pexp,
    color = 'y' as y,
    color = 'pnk' as pnk,
    color = 'o' as o,
    wkt_point(longitude_of(x), latitude_of(s.y), 6) as location,
    hash(station_no, d.direction, seed(), 'stop') as row_key,
    date '2024-11-04' as happened_on
from station as s, range(1, 3) as d (direction)
