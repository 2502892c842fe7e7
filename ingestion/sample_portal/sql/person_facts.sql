-- One row a person, with the injury from which the crash's counts are summed.
create or replace table person_facts as
with person as (
    select
        u.crash_no,
        u.crash_record_id,
        u.crashed_at,
        u.day,
        u.unit_id,
        u.unit_type,
        u.has_injuries,
        s.seat,
        u.people_before_it + s.seat + 1 as person_no,
        hash(hash(u.k, s.seat, 'person')) as k,
        case
            when s.seat > 0 then 'PASSENGER'
            when u.unit_type in ('PEDESTRIAN', 'BICYCLE', 'NON-MOTOR VEHICLE')
                then u.unit_type
            when u.unit_type = 'NON-CONTACT VEHICLE' then 'NON-CONTACT VEHICLE'
            else 'DRIVER'
        end as person_type
    from unit_facts as u, range(0, u.people) as s (seat)
),

exposed as (
    select
        *,
        person_type in ('PEDESTRIAN', 'BICYCLE', 'NON-MOTOR VEHICLE')
            as is_on_foot_or_cycle
    from person
)

select
    *,
    case
        when chance(k, 'unknown injury') < 0.0004 then null
        when
            has_injuries
            and chance(k, 'injured') < case when is_on_foot_or_cycle then 0.93
                else 0.42 end
            then case
                when chance(k, 'how') < case when is_on_foot_or_cycle then 0.009
                    else 0.004 end
                    then 'FATAL'
                when chance(k, 'how') < case when is_on_foot_or_cycle then 0.13
                    else 0.085 end
                    then 'INCAPACITATING INJURY'
                when chance(k, 'how') < 0.64 then 'NONINCAPACITATING INJURY'
                else 'REPORTED, NOT EVIDENT'
            end
        else 'NO INDICATION OF INJURY'
    end as injury
from exposed
order by person_no;
