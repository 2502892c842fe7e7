-- One row is a signal or a camera with a crash within the radius: what happened
-- there since the first crash, and where it is, in feet of EPSG:3435.
select
    safety.layer,
    safety.feature_id,
    safety.label,
    safety.rank_in_layer,
    safety.total_crashes as crashes,
    safety.total_injuries as injuries,
    safety.total_fatalities as deaths,
    safety.total_ksi as ksi,
    safety.comprehensive_cost_usd as cost_usd,
    cast(round(st_x(features.geom)) as bigint) as x,
    cast(round(st_y(features.geom)) as bigint) as y
from marts.feature_safety as safety
inner join marts.point_features as features
    on
        safety.layer = features.layer
        and safety.feature_id = features.feature_id
where
    safety.layer in ('traffic_signals', 'red_light_cameras', 'speed_cameras')
    and safety.total_crashes > 0
order by safety.layer, safety.rank_in_layer, safety.feature_id
