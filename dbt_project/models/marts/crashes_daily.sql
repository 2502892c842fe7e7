-- One row is a day in Chicago, from the first crash to the last.
with

crashes as (

    select * from {{ ref("crashes") }}
    where crash_date is not null and not has_implausible_date

),

daily as (

    select
        crash_date,
        count(*) as total_crashes,
        sum(injuries_total) as total_injuries,
        sum(injuries_fatal) as total_fatalities,
        sum(
            coalesce(injuries_fatal, 0) + coalesce(injuries_incapacitating, 0)
        ) as total_ksi
    from crashes
    group by crash_date

),

span as (

    select
        min(crash_date) as first_day,
        max(crash_date) as last_day
    from daily
    having count(*) > 0

),

days as (

    select cast({{ each_day("first_day", "last_day") }} as date) as crash_date
    from span

),

final as (

    select
        days.crash_date,
        cast(coalesce(daily.total_crashes, 0) as integer) as total_crashes,
        cast(coalesce(daily.total_injuries, 0) as integer) as total_injuries,
        cast(coalesce(daily.total_fatalities, 0) as integer)
            as total_fatalities,
        cast(coalesce(daily.total_ksi, 0) as integer) as total_ksi
    from days
    left join daily
        on days.crash_date = daily.crash_date

)

select * from final
