-- One row is a hexagon with a crash: where its centre is, in feet of EPSG:3435,
-- the ward and the community area of its centre, on a boundary that of the
-- smaller number, null where there is none; and of which fifth of the hexagons
-- that have any it is, by cost and by people killed or seriously injured; 5 is
-- the worst, null has none.
with

hexes as (

    select
        hex_id,
        total_crashes,
        total_ksi,
        total_fatalities,
        comprehensive_cost_usd,
        rank,
        cast(round(st_xmax(geom) - st_xmin(geom)) as integer) as width_ft,
        st_centroid(geom) as centre,
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

),

places as (

    select
        layer,
        cast(place_id as integer) as place_number,
        label,
        geom
    from marts.places
    where layer in ('wards', 'community_areas')

),

ranked_places as (

    select
        hexes.hex_id,
        places.layer,
        places.label,
        row_number() over (
            partition by hexes.hex_id, places.layer
            order by places.place_number
        ) as place_rank
    from hexes
    inner join places
        on st_intersects(places.geom, hexes.centre)

),

places_of_hexes as (

    select
        hex_id,
        max(case when layer = 'wards' then label end) as ward,
        max(case when layer = 'community_areas' then label end)
            as community_area
    from ranked_places
    where place_rank = 1
    group by hex_id

)

select
    hexes.hex_id,
    hexes.total_crashes as crashes,
    hexes.total_ksi as ksi,
    hexes.total_fatalities as deaths,
    hexes.comprehensive_cost_usd as cost_usd,
    hexes.rank,
    hexes.width_ft,
    places_of_hexes.ward,
    places_of_hexes.community_area,
    cast(round(st_x(hexes.centre)) as bigint) as x,
    cast(round(st_y(hexes.centre)) as bigint) as y,
    cast(round(hexes.comprehensive_cost_usd / 1000.0) as bigint)
        as cost_thousand_usd,
    case
        when hexes.total_ksi > 0
            then cast(least(floor(hexes.ksi_rank * 5) + 1, 5) as integer)
    end as ksi_class,
    case
        when hexes.comprehensive_cost_usd > 0
            then cast(least(floor(hexes.cost_rank * 5) + 1, 5) as integer)
    end as cost_class
from hexes
left join places_of_hexes
    on hexes.hex_id = places_of_hexes.hex_id
order by hexes.rank, hexes.hex_id
