-- Which kinds of causes stand behind the deaths? An officer names the cause; one that
-- could not be determined is a kind of its own.
select
    category,
    sum(total_crashes) as crashes,
    sum(total_fatalities) as killed,
    sum(total_ksi) as killed_or_badly_hurt
from marts.crashes_by_cause
group by category
order by killed desc, killed_or_badly_hurt desc, category
