-- One row is a crash with a place: the traffic signal that is nearest to it.
{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="crash_record_id",
    on_schema_change="fail",
    indexes=indexes_on("crash_record_id", ["_dlt_load_id"])
) }}

{%- set digest = digest_of_layers("layer = 'traffic_signals'") %}

with

layers as (

    {{ digest }}

),

crashes as (

    select
        crash_record_id,
        geom,
        _dlt_load_id
    from {{ ref("stg_crashes") }}
    where {{ is_to_be_joined(digest) }}

),

placed as (

    select * from crashes
    where geom is not null

),

signals as (

    select * from {{ ref("point_features") }}
    where layer = 'traffic_signals'

),

{{ nearest_of("placed", "signals") }}

final as (

    select
        crashes.crash_record_id,
        nearest.feature_id as signal_id,
        nearest.distance_ft,
        layers.digest as _layers,
        crashes._dlt_load_id
    from crashes
    cross join layers
    left join nearest
        on crashes.crash_record_id = nearest.crash_record_id

)

select * from final
