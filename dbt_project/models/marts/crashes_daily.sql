-- One row is a day in Chicago, from the first crash to the last.
with

crashes as (

    select * from {{ ref("crashes") }}
    where crash_date is not null

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

-- A crash dated by mistake keeps its day, but the days up to it are not filled.
span as (

    select
        greatest(
            min(crash_date), cast('{{ var("first_counted_day") }}' as date)
        ) as first_day,
        least(
            max(crash_date),
            cast('{{ run_started_at.strftime("%Y-%m-%d") }}' as date)
        ) as last_day
    from crashes
    where has_implausible_date is not true
    having count(*) > 0

),

days as (

    select cast({{ each_day("first_day", "last_day") }} as date) as crash_date
    from span
    union
    select crash_date from daily

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
