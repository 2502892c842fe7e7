-- One row is a ward or a community area: its boundary in feet of EPSG:3435 as
-- GeoJSON, without the points that lie within $1 feet of it without them.
select
    layer,
    place_id,
    label,
    st_asgeojson(
        st_simplifypreservetopology(geom, cast($1 as double precision))
    ) as outline
from marts.places
where layer in ('wards', 'community_areas')
order by layer, cast(place_id as integer)
