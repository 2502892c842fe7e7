-- One row is a dataset: how many values of how many records the portal amended
-- in the seven days, in UTC, that end with $1.
select
    dataset,
    count(*) as amended_values,
    count(distinct record_key) as amended_records
from marts.crash_amendments
where
    cast(amended_at as date)
    between cast(cast($1 as text) as date) - 6
    and cast(cast($1 as text) as date)
group by dataset
order by dataset
