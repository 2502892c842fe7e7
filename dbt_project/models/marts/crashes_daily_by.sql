-- One row is a day and a value of a dimension, also where no crash had it.
{{ config(indexes=indexes_on(none, [["dimension", "crash_date"]])) }}

with

days as (

    select crash_date from {{ ref("crashes_daily") }}

),

counted as (

    select * from {{ ref("int_daily_counts") }}

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
