-- One row a camera: a crossing has one or two, and its name is that of both.
with watched as (
    select
        *,
        row_number() over (order by traffic desc, crossing_no) as place_no
    from crossings
    where traffic >= 9
    qualify place_no <= 150
)

select
    round(number_at(y))::integer
    || case when y >= 0 then ' North ' else ' South ' end || in_words(ns_name)
        as intersection,
    [['NB', 'SB'], ['EB', 'WB']][1 + place_no % 2][c.camera] as first_approach,
    case when place_no % 3 = 0 then 'EB' end as second_approach,
    case when place_no % 50 = 0 then 'WB' end as third_approach,
    iso((date '2003-11-01'
        + one_of(hash(place_no, c.camera), 'live', 6000))::timestamp)
        as go_live_date,
    decimals(latitude_of(y) + (c.camera - 1.5) * 0.0003, 6) as latitude,
    decimals(longitude_of(x), 5) as longitude,
    hash(place_no, c.camera, seed(), 'red light') as row_key,
    date '2025-02-03' as happened_on
from watched, range(1, 3) as c (camera)
