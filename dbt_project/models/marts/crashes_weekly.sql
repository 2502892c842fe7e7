-- One row is a week, Monday to Sunday, from that of the first crash on.
with

days as (

    select
        *,
        cast(date_trunc('week', crash_date) as date) as week_start
    from {{ ref("crashes_daily") }}

),

final as (

    select
        week_start,
        -- Of the first and the last week there may be a part.
        cast(count(*) as integer) as days_counted,
        cast(sum(total_crashes) as bigint) as total_crashes,
        cast(sum(total_injuries) as bigint) as total_injuries,
        cast(sum(total_fatalities) as bigint) as total_fatalities,
        cast(sum(total_ksi) as bigint) as total_ksi
    from days
    group by week_start

)

select * from final
