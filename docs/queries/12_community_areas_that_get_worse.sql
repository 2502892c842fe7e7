-- Where are deaths and serious injuries furthest above the mean of the five years before?
-- A trend of few is chance: see the counts beside it.
select
    label as community_area,
    total_ksi,
    mean_ksi_before,
    ksi_trend,
    years_before
from marts.place_scorecards
where layer = 'community_areas' and total_ksi > mean_ksi_before
order by total_ksi - mean_ksi_before desc, label
limit 10
