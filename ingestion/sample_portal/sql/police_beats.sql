select
    the_geom,
    (place_no // 10) % 10 as sector,
    place_no % 10 as beat,
    printf('%04d', place_no) as beat_num,
    printf('%02d', place_no // 100) as district,
    hash(place_no, piece, 'beat') as row_key,
    date '2022-01-11' as happened_on
from places
where layer = 'beat'
