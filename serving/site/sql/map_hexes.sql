-- One row is a hexagon with a crash: where its centre is, in feet of EPSG:3435,
-- and of which fifth of the hexagons that have any it is, by cost and by people
-- killed or seriously injured; 5 is the worst, null has none.
with

hexes as (

    select
        hex_id,
        total_crashes,
        total_ksi,
        total_fatalities,
        comprehensive_cost_usd,
        rank,
        cast(round(st_x(st_centroid(geom))) as bigint) as x,
        cast(round(st_y(st_centroid(geom))) as bigint) as y,
        cast(round(st_xmax(geom) - st_xmin(geom)) as integer) as width_ft,
        percent_rank() over (
            partition by total_ksi > 0
            order by total_ksi
        ) as ksi_rank,
        percent_rank() over (
            partition by comprehensive_cost_usd > 0
            order by comprehensive_cost_usd
        ) as cost_rank
    from marts.hexes
    where total_crashes > 0

)

select
    hex_id,
    total_crashes as crashes,
    total_ksi as ksi,
    total_fatalities as deaths,
    comprehensive_cost_usd as cost_usd,
    rank,
    x,
    y,
    width_ft,
    cast(round(comprehensive_cost_usd / 1000.0) as bigint) as cost_thousand_usd,
    case
        when total_ksi > 0
            then cast(least(floor(ksi_rank * 5) + 1, 5) as integer)
    end as ksi_class,
    case
        when comprehensive_cost_usd > 0
            then cast(least(floor(cost_rank * 5) + 1, 5) as integer)
    end as cost_class
from hexes
order by rank, hex_id
