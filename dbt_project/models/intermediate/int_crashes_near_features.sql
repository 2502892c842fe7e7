-- One row is a crash and a feature within the radius of proximity.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    indexes=indexes_on("crash_record_id", []),
    pre_hook=[
        "{{ join_by_hash() }}",
        "{{ without_crashes_to_be_joined(layers_of_points()) }}"
    ]
) }}

{%- set digest = digest_of_layers(layers_of_points()) %}

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
    where
        geom is not null
        and {{ is_to_be_joined(digest) }}

),

features as (

    select * from {{ ref("point_features") }}

),

pairs as (

    {{ pairs_within(
        "crashes", "features", feet_of_metres(var("proximity_radius_m")),
        columns=["_dlt_load_id"]
    ) }}

),

final as (

    select
        pairs.crash_record_id,
        pairs.layer,
        pairs.feature_id,
        pairs.distance_ft,
        layers.digest as _layers,
        pairs._dlt_load_id
    from pairs
    cross join layers

)

select * from final
