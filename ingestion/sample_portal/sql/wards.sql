select
    the_geom,
    place_no as ward,
    50 + place_no as objectid,
    '{' || upper(
        substr(md5('ward' || place_no), 1, 8) || '-'
            || substr(md5('ward' || place_no), 9, 4)
        || '-' || substr(md5('ward' || place_no), 13, 4) || '-'
        || substr(md5('ward' || place_no), 17, 4) || '-'
            || substr(md5('ward' || place_no), 21, 12)
    ) || '}' as globalid,
    printf('%.4f', square_feet) as st_area_sh,
    printf('%.4f', border_feet) as st_length_,
    '2022-06-01T00:00:00.000' as edit_date,
    hash(place_no, 'ward') as row_key,
    date '2023-05-15' as happened_on
from places
where layer = 'ward'
