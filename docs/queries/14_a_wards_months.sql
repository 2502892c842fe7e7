-- How did ward 1 fare month by month in the last two years? A month that is provisional
-- still grows.
select
    month_start,
    total_crashes,
    total_ksi,
    pedestrian_crashes,
    cyclist_crashes,
    is_provisional
from marts.place_months
where layer = 'wards' and place_id = '1'
order by month_start desc
limit 24
