-- How many people were killed, and killed or badly hurt, this year so far, against the
-- same days of last year?
select
    metric,
    first_day,
    last_day,
    figure as this_year,
    figure_year_before as last_year,
    difference,
    cast(100 * change_share as decimal(18, 1)) as change_percent,
    is_provisional
from marts.dashboard_metrics
where span = 'year_to_date' and metric in ('total_fatalities', 'total_ksi')
order by metric
