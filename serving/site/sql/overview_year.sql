-- One row is a figure of the year to date, beside that of the year before up to
-- the same day.
select
    metric,
    first_day,
    last_day,
    cast(first_day - interval '1 year' as date) as first_day_before,
    cast(last_day - interval '1 year' as date) as last_day_before,
    figure,
    figure_year_before,
    difference,
    change_share,
    is_provisional
from marts.dashboard_metrics
where span = 'year_to_date'
order by metric
