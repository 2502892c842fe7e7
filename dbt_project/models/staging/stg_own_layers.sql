-- One row is a point or a polygon of a layer of the user's own that is active.
{{ config(materialized="view") }}

with

layers as (

    select * from {{ beside(source("raw", "layers")) }}
    where is_active

),

features as (

    select * from {{ beside(source("raw", "layer_features")) }}

),

final as (

    select
        layers.name as layer,
        layers.kind,
        features.feature_id,
        features.properties,
        features.geometry,
        coalesce(
            nullif(trim(features.label), ''), features.feature_id
        ) as label
    from layers
    inner join features
        on layers.name = features.layer

)

select * from final
