-- One row is a crash with at least one recorded person.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    indexes=indexes_on("crash_record_id", []),
    pre_hook="{{ forget_changed(is_of_changed_crashes('crash_record_id')) }}"
) }}

with

people as (

    select
        *,
        {{ severity("injury_classification") }} as severity
    from {{ ref("stg_people") }}
    where
        _deleted_at is null
        and {{ is_of_changed_crashes("crash_record_id") }}

),

costs as (

    select * from {{ ref("injury_costs") }}
    where per = 'person'

),

final as (

    select
        people.crash_record_id,
        cast(count(*) as integer) as people_count,
        cast(
            count(*) filter (where people.person_type = 'PEDESTRIAN') as integer
        ) as pedestrians,
        cast(
            count(*) filter (where people.person_type = 'BICYCLE') as integer
        ) as cyclists,
        {{ severity_of_score(
            "max(" ~ severity_score("people.severity") ~ ")"
        ) }} as severity,
        cast(
            count(*) filter (where people.severity in ('K', 'A', 'B', 'C'))
            as integer
        ) as people_hurt,
        cast(
            count(*) filter (
                where
                people.age < 18
                and people.severity in ('K', 'A', 'B', 'C')
            )
            as integer
        ) as children_injured,
        cast(
            count(*) filter (where people.severity = 'U') as integer
        ) as people_of_unknown_severity,
        cast(coalesce(sum(costs.economic_cost_usd), 0) as bigint)
            as economic_cost_usd,
        cast(
            coalesce(sum(costs.economic_cost_usd + costs.qaly_cost_usd), 0)
            as bigint
        ) as comprehensive_cost_usd
    from people
    left join costs
        on people.severity = costs.severity
    where people.crash_record_id is not null
    group by people.crash_record_id

)

select * from final
