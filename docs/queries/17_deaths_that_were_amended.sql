-- Which crashes had their count of deaths amended after they were first reported?
select
    amended_at,
    crash_record_id,
    old_value as killed_before,
    new_value as killed_since
from marts.crash_amendments
where dataset = 'crashes' and column_name = 'injuries_fatal'
order by amended_at desc, crash_record_id
limit 20
