-- One row is a value that cleaning changed, in the newest version of a record.
{{ config(materialized="view") }}

with

{% for dataset, key in [
    ("crashes", "crash_record_id"),
    ("people", "person_id"),
    ("vehicles", "crash_unit_id"),
    ("fatalities", "fatality_id"),
] %}
{{ dataset }} as (

    select
        '{{ dataset }}' as dataset,
        records.{{ key }} as record_key,
        change."column" as column_name,
        change.raw as raw_value,
        change.clean as clean_value
    from {{ listed_changes(ref("stg_" ~ dataset)) }}
    where records._cleaned is not null

),

{% endfor -%}
changes as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles
    union all
    select * from fatalities

),

rules as (

    select * from {{ ref("cleaning_rules") }}

),

final as (

    select
        changes.dataset,
        changes.record_key,
        changes.column_name,
        case
            when
                {{ tidy("changes.raw_value") }}
                is not distinct from changes.clean_value
                or {{ tidy("changes.raw_value") }} is null
                then 'tidy_text'
            else rules.rule
        end as rule,
        changes.raw_value,
        changes.clean_value
    from changes
    inner join rules
        on
            changes.dataset = rules.dataset
            and changes.column_name = rules."column"

)

select * from final
