-- One row is a place and a month, from the first month with a crash to the
-- last.
{{ config(indexes=indexes_on("place_id", ["month_start"])) }}

with

places as (

    select * from {{ ref("places") }}

),

crashes as (

    select
        *,
        cast(date_trunc('month', crash_date) as date) as month_start
    from {{ ref("crashes") }}
    where crash_date is not null and not has_implausible_date

),

within as (

    select * from {{ ref("crashes_in_places") }}

),

totals as (

    select
        within.layer,
        within.place_id,
        crashes.month_start,
        {{ crash_totals("crashes") }}
    from within
    inner join crashes
        on within.crash_record_id = crashes.crash_record_id
    group by within.layer, within.place_id, crashes.month_start

),

publication as (

    select * from {{ ref("int_publication") }}

),

span as (

    select
        min(crash_date) as first_day,
        max(crash_date) as last_day
    from crashes

),

months as (

    select cast(date_trunc('month', d.crash_date) as date) as month_start
    from {{ ref("crashes_daily") }} as d
    inner join span
        on d.crash_date between span.first_day and span.last_day
    group by cast(date_trunc('month', d.crash_date) as date)

),

final as (

    select
        places.layer,
        places.place_id,
        months.month_start,
        {{ totals_or_zero("totals") }},
        {{ is_month_provisional("months.month_start", "publication") }}
            as is_provisional
    from places
    cross join months
    cross join publication
    left join totals
        on
            places.layer = totals.layer
            and places.place_id = totals.place_id
            and months.month_start = totals.month_start

)

select * from final
