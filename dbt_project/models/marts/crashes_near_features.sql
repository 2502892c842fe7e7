-- One row is a crash within the radius of proximity of a feature.
{{ config(materialized="view") }}

with

pairs as (

    select * from {{ beside(ref("int_crashes_near_features")) }}

),

gone as (

    select crash_record_id from {{ beside(ref("stg_crashes")) }}
    where _deleted_at is not null

),

final as (

    select
        pairs.crash_record_id,
        pairs.layer,
        pairs.feature_id,
        pairs.distance_ft,
        {{ metres_of_feet("pairs.distance_ft") }} as distance_m
    from pairs
    left join gone
        on pairs.crash_record_id = gone.crash_record_id
    where gone.crash_record_id is null

)

select * from final
