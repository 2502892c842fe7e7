-- One row is a value that cleaning changed, in the newest version of a record.
with

changes as (

    select * from {{ ref("int_value_changes") }}

),

final as (

    select
        dataset,
        record_key,
        column_name,
        rule,
        raw_value,
        clean_value
    from changes

)

select * from final
