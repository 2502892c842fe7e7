-- One row is a crash within the radius of proximity of a traffic signal.
{{ config(materialized="view") }}

with

final as (

    select
        crash_record_id,
        feature_id as signal_id,
        distance_ft,
        distance_m
    from {{ beside(ref("crashes_near_features")) }}
    where layer = 'traffic_signals'

)

select * from final
