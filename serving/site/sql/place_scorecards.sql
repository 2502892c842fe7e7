-- One row is a ward or a community area: its last twelve whole months, its rank
-- among its like, and the change against the years before.
select
    layer,
    place_id,
    label,
    area_sq_mi,
    period_start,
    period_end,
    rank_in_layer,
    total_crashes as crashes,
    total_injuries as injuries,
    total_fatalities as deaths,
    total_ksi as ksi,
    pedestrian_crashes,
    cyclist_crashes,
    comprehensive_cost_usd as cost_usd,
    years_before,
    mean_crashes_before,
    mean_ksi_before,
    crashes_trend,
    ksi_trend,
    crashes_per_sq_mi,
    ksi_per_sq_mi,
    count(*) over (partition by layer) as places_in_layer
from marts.place_scorecards
where layer in ('wards', 'community_areas')
order by layer desc, rank_in_layer asc, cast(place_id as integer) asc
