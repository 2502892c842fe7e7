-- One row is a crash with a place: the traffic signal that is nearest to it.
{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="crash_record_id",
    on_schema_change="fail",
    indexes=indexes_on("crash_record_id", ["_dlt_load_id"]),
    pre_hook="{{ join_by_hash() }}"
) }}

{%- set feet = nearest_cell_ft() %}
{%- set digest = digest_of_layers("layer = 'traffic_signals'") %}

with

layers as (

    {{ digest }}

),

crashes as (

    select
        crash_record_id,
        geom,
        {{ cell("st_x(geom)", feet) }} as cell_x,
        {{ cell("st_y(geom)", feet) }} as cell_y,
        _dlt_load_id,
        row_number() over () as number
    from {{ ref("stg_crashes") }}
    where {{ is_to_be_joined(digest) }}

),

-- Not materialized, so that the index on the features is used.
signals as not materialized (

    select * from {{ ref("point_features") }}
    where layer = 'traffic_signals'

),

{{ nearest_of("crashes", "signals", feet) }}

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
        on crashes.number = nearest.number

)

select * from final
