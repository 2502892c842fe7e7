-- Which hexagons, an eighth of a mile across, are the worst, and where are they? Longitude
-- and latitude are of the middle.
select
    rank,
    hex_id,
    total_crashes,
    total_ksi,
    comprehensive_cost_usd,
    cast(st_x(st_centroid(geom_4326)) as decimal(18, 5)) as longitude,
    cast(st_y(st_centroid(geom_4326)) as decimal(18, 5)) as latitude
from marts.hexes
where rank <= 20
order by rank, hex_id
