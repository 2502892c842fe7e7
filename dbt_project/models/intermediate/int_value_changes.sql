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
        records.crash_date,
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

tidied as (

    select
        *,
        {{ tidy("raw_value") }} as tidied_value
    from changes

),

rules as (

    select * from {{ ref("cleaning_rules") }}

),

final as (

    select
        tidied.dataset,
        tidied.record_key,
        tidied.crash_date,
        tidied.column_name,
        case
            when tidied.tidied_value is null then 'tidy_text'
            when tidied.tidied_value = tidied.clean_value then 'tidy_text'
            else rules.rule
        end as rule,
        tidied.raw_value,
        tidied.clean_value
    from tidied
    inner join rules
        on
            tidied.dataset = rules.dataset
            and tidied.column_name = rules."column"

)

select * from final
