-- One row is a figure, here or of the whole city: its counts in the whole years
-- before and after a treatment, the mean of a year, the change of the mean, and
-- of a figure here the change that is left when the city's own is taken out;
-- null where there is no such year, or nothing to compare with. Few are fewer
-- than 20 before: the National Center for Health Statistics calls a rate of
-- fewer events unreliable, as its standard error is more than a fifth of it.
-- The parameters are those of treatment_windows.
with

windows as (

    select *
    from
        marts.before_after(
            cast($1 as double precision),
            cast($2 as double precision),
            cast($3 as double precision),
            cast(cast($4 as text) as date),
            cast($5 as integer)
        )
    where is_whole

),

counted as (

    select
        1 as place,
        'crashes' as figure,
        period,
        total_crashes as here,
        city_crashes as city
    from windows
    union all
    select
        2 as place,
        'ksi' as figure,
        period,
        total_ksi as here,
        city_ksi as city
    from windows
    union all
    select
        3 as place,
        'city_crashes' as figure,
        period,
        city_crashes as here,
        null as city
    from windows
    union all
    select
        4 as place,
        'city_ksi' as figure,
        period,
        city_ksi as here,
        null as city
    from windows

),

means as (

    select
        place,
        figure,
        cast(sum(case when period = 'before' then here end) as bigint)
            as count_before,
        cast(sum(case when period = 'after' then here end) as bigint)
            as count_after,
        count(case when period = 'before' then 1 end) as years_before,
        count(case when period = 'after' then 1 end) as years_after,
        avg(case when period = 'before' then here end) as mean_before,
        avg(case when period = 'after' then here end) as mean_after,
        avg(case when period = 'before' then city end) as city_before,
        avg(case when period = 'after' then city end) as city_after
    from counted
    group by place, figure

)

select
    figure,
    years_before,
    years_after,
    count_before,
    count_after,
    cast(mean_after / nullif(mean_before, 0) - 1 as double precision)
        as change_share,
    cast(
        (mean_after / nullif(mean_before, 0))
        / nullif(city_after / nullif(city_before, 0), 0) - 1
        as double precision
    ) as net_change_share,
    cast(round(cast(mean_before as decimal(18, 6)), 1) as double precision)
        as mean_before,
    cast(round(cast(mean_after as decimal(18, 6)), 1) as double precision)
        as mean_after,
    coalesce(count_before < 20, false) as is_few
from means
order by place
