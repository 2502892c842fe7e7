-- One row is one of the ten worst crossings with a signal of a ward or a
-- community area; one on a boundary is on both sides of it.
with

signals as (

    select
        places.layer,
        places.place_id,
        safety.feature_id,
        safety.label,
        safety.rank_in_layer as rank_in_city,
        safety.total_crashes as crashes,
        safety.total_injuries as injuries,
        safety.total_fatalities as deaths,
        safety.total_ksi as ksi,
        safety.comprehensive_cost_usd as cost_usd,
        cast(round(st_x(features.geom)) as bigint) as x,
        cast(round(st_y(features.geom)) as bigint) as y,
        row_number() over (
            partition by places.layer, places.place_id
            order by safety.rank_in_layer, safety.feature_id
        ) as rank_in_place
    from marts.places
    inner join marts.point_features as features
        on st_intersects(places.geom, features.geom)
    inner join marts.feature_safety as safety
        on
            features.layer = safety.layer
            and features.feature_id = safety.feature_id
    where
        places.layer in ('wards', 'community_areas')
        and features.layer = 'traffic_signals'
        and safety.total_crashes > 0

)

select *
from signals
where rank_in_place <= 10
order by layer, place_id, rank_in_place
