-- One row is a crash and a layer: the place of that layer in which it lies.
{{ config(materialized="view") }}

with

of_the_city as (

    select * from {{ beside(ref("int_crash_places")) }}

),

within as (

    select
        crash_record_id,
        'wards' as layer,
        cast(ward as text) as place_id
    from of_the_city
    where ward is not null
    union all
    select
        crash_record_id,
        'community_areas' as layer,
        cast(community_area as text) as place_id
    from of_the_city
    where community_area is not null
    union all
    select
        crash_record_id,
        'police_beats' as layer,
        cast(police_beat as text) as place_id
    from of_the_city
    where police_beat is not null
    union all
    select
        crash_record_id,
        layer,
        place_id
    from {{ beside(ref("int_crashes_in_own_places")) }}

),

gone as (

    select crash_record_id from {{ beside(ref("stg_crashes")) }}
    where _deleted_at is not null

),

final as (

    select
        within.crash_record_id,
        within.layer,
        within.place_id
    from within
    left join gone
        on within.crash_record_id = gone.crash_record_id
    where gone.crash_record_id is null

)

select * from final
