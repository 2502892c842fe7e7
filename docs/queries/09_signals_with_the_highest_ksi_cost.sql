-- At which signals do the deaths and serious injuries within 100 m cost most? Costs are
-- the comprehensive ones of the Federal Highway Administration, in US dollars.
select
    near.feature_id as signal_id,
    near.label,
    near.total_fatalities as killed,
    near.total_ksi - near.total_fatalities as badly_hurt,
    near.total_fatalities * killed.cost_usd
    + (near.total_ksi - near.total_fatalities) * badly_hurt.cost_usd
        as ksi_cost_usd
from marts.feature_safety as near
cross join (
    select economic_cost_usd + qaly_cost_usd as cost_usd
    from quality.injury_costs
    where severity = 'K'
) as killed
cross join (
    select economic_cost_usd + qaly_cost_usd as cost_usd
    from quality.injury_costs
    where severity = 'A'
) as badly_hurt
where near.layer = 'traffic_signals'
order by ksi_cost_usd desc, signal_id
limit 20
