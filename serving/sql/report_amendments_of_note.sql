-- One row is a change of what a crash cost in lives and health that the portal
-- made in the seven days, in UTC, that end with $1; of several changes of one
-- value it is from the first to the last.
with

amendments as (

    select
        crash_record_id,
        column_name,
        old_value,
        new_value,
        row_number() over (
            partition by crash_record_id, column_name
            order by version_number
        ) as place,
        row_number() over (
            partition by crash_record_id, column_name
            order by version_number desc
        ) as place_from_last
    from marts.crash_amendments
    where
        dataset = 'crashes'
        and column_name in (
            'injuries_fatal',
            'injuries_incapacitating',
            'injuries_total',
            'most_severe_injury'
        )
        and cast(amended_at as date)
        between cast(cast($1 as text) as date) - 6
        and cast(cast($1 as text) as date)

),

changes as (

    select
        crash_record_id,
        column_name,
        max(case when place = 1 then old_value end) as old_value,
        max(case when place_from_last = 1 then new_value end) as new_value
    from amendments
    group by crash_record_id, column_name

),

numbered as (

    select
        *,
        cast(
            case when old_value ~ '^[0-9]+([.]0+)?$' then old_value end
            as double precision
        ) as old_number,
        cast(
            case when new_value ~ '^[0-9]+([.]0+)?$' then new_value end
            as double precision
        ) as new_number
    from changes
    where old_value is distinct from new_value

)

select
    numbered.crash_record_id,
    numbered.column_name,
    numbered.old_value,
    numbered.new_value,
    cast(numbered.new_number - numbered.old_number as bigint) as difference,
    crashes.crash_date,
    crashes.street_name
from numbered
-- A crash that the portal has no more is in no mart.
left join marts.crashes as crashes
    on numbered.crash_record_id = crashes.crash_record_id
order by
    case
        when numbered.column_name = 'injuries_fatal' then 1
        when 'FATAL' in (numbered.old_value, numbered.new_value) then 2
        when numbered.column_name = 'injuries_incapacitating' then 3
        when numbered.column_name = 'most_severe_injury' then 4
        else 5
    end asc,
    crashes.crash_date desc,
    numbered.crash_record_id asc,
    numbered.column_name asc
