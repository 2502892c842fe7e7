-- One row is a crash with at least one recorded person.
with

people as (

    select
        *,
        {{ severity("injury_classification") }} as severity
    from {{ ref("stg_people") }}
    where _deleted_at is null

),

final as (

    select
        crash_record_id,
        cast(count(*) as integer) as people_count,
        cast(count(*) filter (where person_type = 'PEDESTRIAN') as integer)
            as pedestrians,
        cast(count(*) filter (where person_type = 'BICYCLE') as integer)
            as cyclists,
        {{ severity_of_score(
            "max(" ~ severity_score("severity") ~ ")"
        ) }} as severity
    from people
    where crash_record_id is not null
    group by crash_record_id

)

select * from final
