-- One row: the deaths of the year to date by the Vision Zero list, and by the
-- crash reports, which define them otherwise.
with

year_to_date as (

    select
        first_day,
        last_day,
        figure as deaths_in_reports
    from marts.dashboard_metrics
    where span = 'year_to_date' and metric = 'total_fatalities'

)

select
    year_to_date.deaths_in_reports,
    count(deaths.fatality_id) as deaths_by_vision_zero,
    (select max(fatalities.crash_date) from marts.fatalities)
        as last_death_listed
from year_to_date
left join marts.fatalities as deaths
    on
        deaths.crash_date between
        year_to_date.first_day and year_to_date.last_day
group by year_to_date.deaths_in_reports
