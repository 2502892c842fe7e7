-- One row is a cleaning rule of a column that changed a value: how many, and
-- what share of those that it saw.
select
    dataset,
    column_name,
    rule,
    cast(sum(values_seen) as bigint) as values_seen,
    cast(sum(values_changed) as bigint) as values_changed,
    cast(sum(values_changed) as double precision)
    / nullif(cast(sum(values_seen) as double precision), 0) as share_changed
from quality.rule_effects
group by dataset, column_name, rule
having sum(values_changed) > 0
order by values_changed desc, dataset asc, column_name asc, rule asc
