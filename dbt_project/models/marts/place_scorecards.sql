-- One row is a place: the twelve months up to the last whole one, beside the
-- mean of up to five such years before them.
with

places as (

    select * from {{ ref("places") }}

),

months as (

    select * from {{ ref("place_months") }}

),

span as (

    select
        min(month_start) as first_month,
        -- The month of the last crash is not over.
        max(month_start) as month_after
    from months

),

numbered as (

    select
        months.*,
        span.first_month,
        floor(
            ({{ months_between("months.month_start", "span.month_after") }} - 1)
            / 12.0
        ) as years_ago
    from months
    cross join span
    where months.month_start < span.month_after

),

last_year as (

    select
        layer,
        place_id,
        {{ sums_of_totals() }}
    from numbered
    where years_ago = 0
    group by layer, place_id

),

-- A year of which the warehouse has a part is none to compare with, and neither
-- is one in which a part of the city was not counted.
years_before as (

    select
        numbered.layer,
        numbered.place_id,
        numbered.years_ago,
        sum(numbered.total_crashes) as total_crashes,
        sum(numbered.total_ksi) as total_ksi
    from numbered
    where
        numbered.years_ago between 1 and 5
        -- A load may have begun in the middle of the first month.
        and numbered.month_start > numbered.first_month
        and numbered.month_start
        >= cast('{{ var("citywide_since") }}' as date)
    group by numbered.layer, numbered.place_id, numbered.years_ago
    having count(*) = 12

),

means as (

    select
        layer,
        place_id,
        cast(count(*) as integer) as years_before,
        cast(avg(total_crashes) as double precision)
            as mean_crashes_before,
        cast(avg(total_ksi) as double precision) as mean_ksi_before
    from years_before
    group by layer, place_id

),

final as (

    select
        places.layer,
        places.place_id,
        places.label,
        places.area_sq_mi,
        cast(span.month_after - interval '12 months' as date) as period_start,
        cast(span.month_after - interval '1 day' as date) as period_end,
        {{ totals_or_zero("last_year") }},
        {{ rank_of_totals("last_year", "places.layer") }} as rank_in_layer,
        coalesce(means.years_before, 0) as years_before,
        means.mean_crashes_before,
        means.mean_ksi_before,
        coalesce(last_year.total_crashes, 0)
        / nullif(means.mean_crashes_before, 0) - 1 as crashes_trend,
        coalesce(last_year.total_ksi, 0)
        / nullif(means.mean_ksi_before, 0) - 1 as ksi_trend,
        {{ share("last_year.pedestrian_crashes", "last_year.total_crashes") }}
            as pedestrian_share,
        {{ share("last_year.cyclist_crashes", "last_year.total_crashes") }}
            as cyclist_share,
        coalesce(last_year.total_crashes, 0) / nullif(places.area_sq_mi, 0)
            as crashes_per_sq_mi,
        coalesce(last_year.total_ksi, 0) / nullif(places.area_sq_mi, 0)
            as ksi_per_sq_mi
    from places
    cross join span
    left join last_year
        on
            places.layer = last_year.layer
            and places.place_id = last_year.place_id
    left join means
        on
            places.layer = means.layer
            and places.place_id = means.place_id

)

select * from final
