-- One row is one of the last runs, the newest first; a run that failed with its
-- error.
select
    run_id,
    started_at,
    trigger as started_by,
    run_status,
    max(error) as error
from marts.recent_activity
group by run_id, started_at, trigger, run_status
order by started_at desc, run_id desc
