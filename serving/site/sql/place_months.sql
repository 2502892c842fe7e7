-- One row is a ward or a community area and one of the last 72 months.
with

newest as (

    select max(month_start) as month_start
    from marts.place_months

)

select
    months.layer,
    months.place_id,
    months.month_start,
    months.total_crashes as crashes,
    months.total_injuries as injuries,
    months.total_fatalities as deaths,
    months.total_ksi as ksi,
    months.is_provisional
from marts.place_months as months
inner join newest
    on
        months.month_start
        > cast(newest.month_start - interval '72 months' as date)
where months.layer in ('wards', 'community_areas')
order by months.layer, months.place_id, months.month_start
