-- One row is a place and a month, from the first month with a crash to the
-- last.
{{ config(indexes=indexes_on("place_id", [])) }}

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

-- The City's places are beside each crash; what lies in one of each is counted
-- first, so that crashes are read once for all of them.
cells as (

    select
        {%- for place in places_of_a_crash().values() %}
            crashes.{{ place }},
        {%- endfor %}
        crashes.month_start,
        {{ crash_totals("crashes") }}
    from crashes
    group by
        {%- for place in places_of_a_crash().values() %}
            crashes.{{ place }},
        {%- endfor %}
        crashes.month_start

),

totals as (

    {%- for layer, place in places_of_a_crash().items() %}
        select
            '{{ layer }}' as layer,
            cast({{ place }} as text) as place_id,
            month_start,
            {{ sums_of_totals() }}
        from cells
        where {{ place }} is not null
        group by {{ place }}, month_start
        union all
    {%- endfor %}
    select
        places_of_ones_own.layer,
        places_of_ones_own.place_id,
        crashes.month_start,
        {{ crash_totals("crashes") }}
    from crashes
    inner join {{ ref("int_crashes_in_own_places") }} as places_of_ones_own
        on crashes.crash_record_id = places_of_ones_own.crash_record_id
    group by
        places_of_ones_own.layer,
        places_of_ones_own.place_id,
        crashes.month_start

),

publication as (

    select * from {{ ref("int_publication") }}

),

months as (

    select cast(date_trunc('month', crash_date) as date) as month_start
    from {{ ref("crashes_daily") }}
    group by cast(date_trunc('month', crash_date) as date)

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
