-- One row is a year before or after a treatment of a place, counted from its
-- day, with the whole city's year beside it.
{{ config(materialized="table_function") }}

{%- set point = point_in_feet(argument("lon"), argument("lat")) %}
{%- set checks = [
    (
        argument("years") ~ " between 1 and 10 and " ~ is_whole_number("years"),
        "'years ' || coalesce(" ~ argument_as_given("years")
        ~ ", 'null') || ': expected 1 to 10 whole years'",
    ),
    (
        argument("treated_on") ~ " between date '2013-01-01' and current_date",
        "'treated_on ' || coalesce(cast(" ~ argument("treated_on")
        ~ " as text), 'null') || ': expected a day since 2013 that is past'",
    ),
] %}

with

-- Materialized, that the place is looked up once, and by the index.
near as materialized (

    select {{ reported_columns("crashes") }}
    from {{ beside(ref("crashes")) }} as crashes
    where {{ is_within("crashes.geom", point, argument("radius_ft")) }}

),

windows as (

    select
        numbers.year_number,
        cast(
            {{ argument("treated_on") }}
            + numbers.year_number * interval '12 months' as date
        ) as starts_on,
        cast(
            {{ argument("treated_on") }}
            + (numbers.year_number + 1) * interval '12 months' as date
        ) as day_after
    from generate_series(-10, 9) as numbers (year_number)
    where
        numbers.year_number >= -{{ argument("years") }}
        and numbers.year_number < {{ argument("years") }}

),

here as (

    select
        windows.year_number,
        {{ crash_totals("near") }}
    from near
    inner join windows
        on
            near.crash_date >= windows.starts_on
            and near.crash_date < windows.day_after
    group by windows.year_number

),

city as (

    select
        windows.year_number,
        sum(each_day.total_crashes) as total_crashes,
        sum(each_day.total_ksi) as total_ksi
    from {{ beside(ref("crashes_daily")) }} as each_day
    inner join windows
        on
            each_day.crash_date >= windows.starts_on
            and each_day.crash_date < windows.day_after
    group by windows.year_number

),

last_day as (

    select
        min(each_day.crash_date) as first_day,
        max(each_day.crash_date) as last_day
    from {{ beside(ref("crashes_daily")) }} as each_day

)

select
    case when windows.year_number < 0 then 'before' else 'after' end as period,
    cast(
        windows.year_number
        + case when windows.year_number < 0 then 0 else 1 end as integer
    ) as year_number,
    windows.starts_on,
    cast(windows.day_after - interval '1 day' as date) as ends_on,
    -- A year that the data begins or ends in is not to be compared.
    coalesce(
        windows.starts_on >= last_day.first_day
        and windows.day_after <= last_day.last_day + 1,
        false
    ) as is_whole,
    {{ totals_or_zero("here") }},
    cast(coalesce(city.total_crashes, 0) as bigint) as city_crashes,
    cast(coalesce(city.total_ksi, 0) as bigint) as city_ksi,
    cast(coalesce(here.total_crashes, 0) as double precision)
    / nullif(city.total_crashes, 0) as share_of_city_crashes
from windows
cross join last_day
left join here
    on windows.year_number = here.year_number
left join city
    on windows.year_number = city.year_number
where {{ arguments_hold(place_checks() + radius_checks() + checks) }}
{{ or_refused(place_checks() + radius_checks() + checks) }}
order by year_number
