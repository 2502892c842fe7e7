-- The City's own names belong to other shapes, so these areas are only
-- numbered.
select
    the_geom,
    'SAMPLE AREA ' || place_no as community,
    place_no as area_numbe,
    place_no as area_num_1,
    printf('%.4f', square_feet) as shape_area,
    printf('%.4f', border_feet) as shape_len,
    hash(place_no, 'community area') as row_key,
    date '2022-01-11' as happened_on
from places
where layer = 'area'
