-- One row: whether a point, $1 as GeoJSON in degrees, is in the city: outside
-- of the community areas by no more than 0.0006 degrees, some 200 ft, as those
-- of crashes may be; null where the warehouse has no community areas. Beside it
-- the first and the last day of the data.
select
    (
        select
            min(
                st_distance(
                    areas.geom_4326,
                    st_geomfromgeojson(cast($1 as text))
                )
            ) <= 0.0006
        from marts.places as areas
        where areas.layer = 'community_areas'
    ) as is_in_city,
    min(crash_date) as first_day,
    max(crash_date) as last_day
from marts.crashes_daily
