-- One row is a class of coordinates and a year: its crashes, and their share of
-- the year's.
select
    coordinate_quality,
    cast(extract(year from month) as integer) as crash_year,
    cast(sum(crashes) as bigint) as crashes,
    cast(sum(crashes) as double precision)
    / nullif(
        cast(
            sum(sum(crashes)) over (partition by extract(year from month))
            as double precision
        ),
        0
    ) as share_of_year
from quality.coordinate_quality
where month is not null
group by coordinate_quality, extract(year from month)
order by crash_year, coordinate_quality
