-- One row: what all pages tell of the data. `recent_since` is the first day of
-- the three years that end with the last publication.
with

publication as (

    select max(last_day) as published_until
    from marts.dashboard_metrics

),

settling as (

    select max(settling_days) as settling_days
    from marts.reporting_lag

),

known as (

    select min(crash_date) as first_day
    from marts.crashes_daily

)

select
    publication.published_until,
    settling.settling_days,
    known.first_day,
    publication.published_until - settling.settling_days as provisional_since,
    cast(publication.published_until - interval '3 years' as date) + 1
        as recent_since
from publication
cross join settling
cross join known
