-- One row is a ward or a community area: its boundary as GeoJSON, in feet of
-- EPSG:3435.
select
    layer,
    place_id,
    label,
    st_asgeojson(geom) as outline
from marts.places
where layer in ('wards', 'community_areas')
order by layer, cast(place_id as integer)
