-- One row is a crash of which something has changed since the last build.

with

reported as (

    {{ changed_keys("crashes", "crash_record_id") }}

),

people as (

    {{ crashes_of_changed_records("people", "person_id") }}

),

vehicles as (

    {{ crashes_of_changed_records("vehicles", "crash_unit_id") }}

),

-- By what was published since, more crashes may have settled.
settled as (

    {{ crashes_that_settled() }}

),

changed as (

    select record_key as crash_record_id from reported
    union
    select crash_record_id from people
    union
    select crash_record_id from vehicles
    union
    select crash_record_id from settled

),

final as (

    select
        changed.crash_record_id,
        former.crash_date as former_date
    from changed
    left join {{ crashes_of_last_build() }} as former
        on changed.crash_record_id = former.crash_record_id
    where changed.crash_record_id is not null

)

select * from final
