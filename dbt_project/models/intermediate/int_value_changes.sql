-- One row is a value that cleaning changed, in the newest version of a record.
with

crashes as (

    {{ changes_of("crashes", ref("stg_crashes"), key="crash_record_id") }}

),

people as (

    {{ changes_of("people", ref("stg_people"), key="person_id") }}

),

vehicles as (

    {{ changes_of("vehicles", ref("stg_vehicles"), key="crash_unit_id") }}

),

fatalities as (

    {{ changes_of("fatalities", ref("stg_fatalities"), key="fatality_id") }}

),

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
        changes.*,
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
        tidied.is_deleted,
        tidied.column_name,
        tidied.raw_value,
        tidied.clean_value,
        case
            when tidied.tidied_value is null then 'tidy_text'
            when tidied.tidied_value = tidied.clean_value then 'tidy_text'
            else rules.rule
        end as rule
    from tidied
    inner join rules
        on
            tidied.dataset = rules.dataset
            and tidied.column_name = rules."column"

)

select * from final
