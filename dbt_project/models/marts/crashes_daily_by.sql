-- One row is a day and a value of a dimension, also where no crash had it.
{{ config(indexes=indexes_on(none, [["dimension", "crash_date"]])) }}

with

crashes as (

    select * from {{ ref("crashes") }}
    where crash_date is not null and not has_implausible_date

),

days as (

    select crash_date from {{ ref("crashes_daily") }}

),

valued as (

    select
        crashes.crash_date,
        dimensions.dimension,
        dimensions.value,
        crashes.injuries_total,
        crashes.injuries_fatal,
        crashes.injuries_incapacitating
    from crashes
    {{ cross_join_daily_dimensions("crashes") }}
    where dimensions.value is not null

),

counted as (

    select
        valued.crash_date,
        valued.dimension,
        valued.value,
        {{ people_totals("valued") }}
    from valued
    group by valued.crash_date, valued.dimension, valued.value

),

found_values as (

    select distinct
        dimension,
        value
    from counted

),

final as (

    select
        days.crash_date,
        found_values.dimension,
        found_values.value,
        {{ people_totals_or_zero("counted") }}
    from days
    cross join found_values
    left join counted
        on
            days.crash_date = counted.crash_date
            -- None is null. PostGIS, which does not know how much was counted,
            -- would join by these alone where they are equal: each day of a
            -- value with each other day of it. So it joins by the day.
            and found_values.dimension is not distinct from counted.dimension
            and found_values.value is not distinct from counted.value

)

select * from final
