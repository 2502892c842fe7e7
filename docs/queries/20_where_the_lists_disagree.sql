-- Where do the Vision Zero list and the crash reports contradict each other?
select
    rule_broken,
    count(*) as deaths
from quality.contradictions
where dataset = 'fatalities'
group by rule_broken
order by deaths desc, rule_broken
