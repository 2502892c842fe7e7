-- One row is a place and a month, from the first month with a crash to the
-- last.
{{ config(indexes=indexes_on("place_id", ["month_start"])) }}

with

places as (

    select * from {{ ref("places") }}

),

-- PostgreSQL would keep all of them, with every column, to read them twice.
crashes as not materialized (

    select
        *,
        cast(date_trunc('month', crash_date) as date) as month_start
    from {{ ref("crashes") }}
    where crash_date is not null and not has_implausible_date

),

-- The City's places are beside each crash, which need not be found for them.
within as (

    {%- for layer, place in places_of_a_crash().items() %}
        select
            crashes.*,
            '{{ layer }}' as layer,
            cast(crashes.{{ place }} as text) as place_id
        from crashes
        where crashes.{{ place }} is not null
        union all
    {%- endfor %}
    select
        crashes.*,
        places_of_ones_own.layer,
        places_of_ones_own.place_id
    from crashes
    inner join {{ ref("int_crashes_in_own_places") }} as places_of_ones_own
        on crashes.crash_record_id = places_of_ones_own.crash_record_id

),

totals as (

    select
        within.layer,
        within.place_id,
        within.month_start,
        {{ crash_totals("within") }}
    from within
    group by within.layer, within.place_id, within.month_start

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
