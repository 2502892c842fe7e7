-- One row is a crash, and how long after it the portal first had it.
with

-- PostgreSQL would keep all of them to read them twice.
crashes as not materialized (

    select
        crash_date as crashed_at,
        {{ in_chicago("first_seen_at") }} as published_at
    from {{ ref("stg_crashes") }}
    where
        _deleted_at is null
        and crash_date is not null
        and not has_implausible_date

),

-- What was there when the portal's stamps began was published before them.
stamps as (

    select min(published_at) as first_published_at from crashes

),

final as (

    select
        cast(date_trunc('month', crashes.crashed_at) as date) as month_start,
        case
            when
                crashes.crashed_at >= stamps.first_published_at
                and crashes.published_at >= crashes.crashed_at
                then
                    {{ days_between(
                        "crashes.crashed_at", "crashes.published_at"
                    ) }}
        end as lag_days
    from crashes
    cross join stamps

)

select * from final
