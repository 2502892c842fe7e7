-- One row is a class of coordinates and a month: its crashes.
with

crashes as (

    select * from {{ ref("crashes") }}

),

final as (

    select
        coordinate_quality,
        cast(date_trunc('month', crash_date) as date) as month,
        count(*) as crashes
    from crashes
    group by
        coordinate_quality,
        cast(date_trunc('month', crash_date) as date)

)

select * from final
