-- One row: what the whole years before and after a treatment had on average,
-- and the change, beside that of the whole city; null where there is no such
-- year. The parameters are those of treatment_windows.
with

means as (

    select
        count(case when period = 'before' then 1 end) as years_before,
        count(case when period = 'after' then 1 end) as years_after,
        avg(case when period = 'before' then total_crashes end)
            as crashes_before,
        avg(case when period = 'after' then total_crashes end)
            as crashes_after,
        avg(case when period = 'before' then total_injuries end)
            as injuries_before,
        avg(case when period = 'after' then total_injuries end)
            as injuries_after,
        avg(case when period = 'before' then total_ksi end) as ksi_before,
        avg(case when period = 'after' then total_ksi end) as ksi_after,
        avg(case when period = 'before' then city_crashes end)
            as city_crashes_before,
        avg(case when period = 'after' then city_crashes end)
            as city_crashes_after,
        avg(case when period = 'before' then city_ksi end) as city_ksi_before,
        avg(case when period = 'after' then city_ksi end) as city_ksi_after
    from
        marts.before_after(
            cast($1 as double precision),
            cast($2 as double precision),
            cast($3 as double precision),
            cast(cast($4 as text) as date),
            cast($5 as integer)
        )
    where is_whole

)

select
    years_before,
    years_after,
    cast(crashes_after / nullif(crashes_before, 0) - 1 as double precision)
        as crashes_change,
    cast(ksi_after / nullif(ksi_before, 0) - 1 as double precision)
        as ksi_change,
    cast(
        city_crashes_after / nullif(city_crashes_before, 0) - 1
        as double precision
    ) as city_crashes_change,
    cast(
        city_ksi_after / nullif(city_ksi_before, 0) - 1 as double precision
    ) as city_ksi_change,
    cast(round(cast(crashes_before as decimal(18, 6)), 1) as double precision)
        as crashes_before,
    cast(round(cast(crashes_after as decimal(18, 6)), 1) as double precision)
        as crashes_after,
    cast(round(cast(injuries_before as decimal(18, 6)), 1) as double precision)
        as injuries_before,
    cast(round(cast(injuries_after as decimal(18, 6)), 1) as double precision)
        as injuries_after,
    cast(round(cast(ksi_before as decimal(18, 6)), 1) as double precision)
        as ksi_before,
    cast(round(cast(ksi_after as decimal(18, 6)), 1) as double precision)
        as ksi_after,
    cast(
        round(
            cast(city_crashes_before as decimal(18, 6)), 0
        ) as double precision
    )
        as city_crashes_before,
    cast(
        round(cast(city_crashes_after as decimal(18, 6)), 0) as double precision
    )
        as city_crashes_after
from means
