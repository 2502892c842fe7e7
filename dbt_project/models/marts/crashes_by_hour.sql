-- One row is an hour of the day, of all crashes since the first.
with

crashes as (

    select
        injuries_total,
        injuries_fatal,
        injuries_incapacitating,
        cast(extract(hour from crashed_at) as integer) as crash_hour
    from {{ ref("crashes") }}
    where crashed_at is not null

),

hours as (

    select cast(numbers.crash_hour as integer) as crash_hour
    from generate_series(0, 23) as numbers (crash_hour)

),

totals as (

    select
        crashes.crash_hour,
        {{ people_totals("crashes") }}
    from crashes
    group by crashes.crash_hour

),

final as (

    select
        hours.crash_hour,
        {{ people_totals_or_zero("totals") }}
    from hours
    left join totals
        on hours.crash_hour = totals.crash_hour

)

select * from final
