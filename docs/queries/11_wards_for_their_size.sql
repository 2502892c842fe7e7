-- Which wards have the most deaths and serious injuries for their size?
select
    place_id as ward,
    area_sq_mi,
    total_ksi,
    ksi_per_sq_mi,
    period_start,
    period_end
from marts.place_scorecards
where layer = 'wards'
order by ksi_per_sq_mi desc, place_id
limit 10
