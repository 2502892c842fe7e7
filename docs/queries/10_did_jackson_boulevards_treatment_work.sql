-- Did Jackson Boulevard's treatment work? The year before and the year after it, within
-- 1 000 feet of Jackson and Halsted, beside all of the city in the same years. Put in the
-- place and the day of the treatment that you ask of.
select
    period,
    starts_on,
    ends_on,
    is_whole,
    total_crashes,
    total_ksi,
    city_crashes,
    city_ksi,
    cast(10000 * share_of_city_crashes as decimal(18, 2))
        as per_10000_crashes_of_the_city
from marts.before_after(-87.6472, 41.8780, 1000, date '2023-06-01', 1)
order by starts_on
