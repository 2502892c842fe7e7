-- One row: the crashes that the map has not, as they have no usable place, and
-- those of unknown severity among all of the same three years.
with

window_of_years as (

    select
        max(last_day) as last_day,
        cast(max(last_day) - interval '3 years' as date) + 1 as first_day
    from marts.dashboard_metrics

)

select
    count(
        case
            when crashes.is_ksi and crashes.coordinate_quality <> 'ok' then 1
        end
    ) as ksi_without_place,
    count(case when crashes.severity = 'U' then 1 end) as of_unknown_severity
from marts.crashes
inner join window_of_years
    on
        crashes.crash_date between
        window_of_years.first_day and window_of_years.last_day
where not crashes.has_implausible_date
