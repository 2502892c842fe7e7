-- One row is a point that crashes can be near to: a signal, a camera, a stop,
-- or one of a layer of the user's own.
{{ config(indexes=spatial_indexes("geom")) }}

with

traffic_signals as (

    select
        'traffic_signals' as layer,
        signal_id as feature_id,
        'Signal ' || signal_id as label,
        longitude,
        latitude,
        geom
    from {{ ref("stg_traffic_signals") }}
    where _deleted_at is null

),

red_light_cameras as (

    select
        'red_light_cameras' as layer,
        camera_id as feature_id,
        coalesce(intersection, camera_id) as label,
        longitude,
        latitude,
        geom
    from {{ ref("stg_red_light_cameras") }}
    where _deleted_at is null

),

speed_cameras as (

    select
        'speed_cameras' as layer,
        id as feature_id,
        coalesce(address, id) as label,
        longitude,
        latitude,
        geom
    from {{ ref("stg_speed_cameras") }}
    where _deleted_at is null

),

cta_stops as (

    select
        'cta_stops' as layer,
        stop_id as feature_id,
        coalesce(stop_name, station_name, stop_id) as label,
        longitude,
        latitude,
        geom
    from {{ ref("stg_cta_stops") }}
    where _deleted_at is null

),

own_layers as (

    select
        layer,
        feature_id,
        label,
        {{ point_longitude("geometry") }} as longitude,
        {{ point_latitude("geometry") }} as latitude,
        {{ in_feet(text_in_degrees("geometry")) }} as geom
    from {{ ref("stg_own_layers") }}
    where kind = 'points'

),

features as (

    select * from traffic_signals
    union all
    select * from red_light_cameras
    union all
    select * from speed_cameras
    union all
    select * from cta_stops
    union all
    select * from own_layers

),

final as (

    select
        layer,
        feature_id,
        label,
        longitude,
        latitude,
        geom,
        {{ point_in_degrees("longitude", "latitude") }} as geom_4326
    from features
    where geom is not null

)

select * from final
