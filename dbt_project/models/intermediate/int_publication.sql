-- The one row is how far the portal's crashes go, and since when more may come.
with

crashes as (

    select _row_updated_at from {{ ref("stg_crashes") }}

),

lags as (

    select * from {{ ref("int_crash_lags") }}

),

published as (

    select
        cast({{ in_chicago("max(_row_updated_at)") }} as date)
            as published_until
    from crashes

),

settling as (

    select
        coalesce(
            cast(
                ceil({{ quantile(var("settled_share"), "lag_days") }})
                as integer
            ),
            {{ var("settling_days_unobserved") }}
        ) as settling_days
    from lags

),

final as (

    select
        published.published_until,
        settling.settling_days,
        published.published_until - settling.settling_days as provisional_since
    from published
    cross join settling

)

select * from final
