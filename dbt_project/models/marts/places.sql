-- One row is a place that crashes lie in: a ward, a community area, a police
-- beat, or one of a layer of the user's own.
{{ config(indexes=spatial_indexes("geom")) }}

with

wards as (

    select
        'wards' as layer,
        cast(ward as text) as place_id,
        'Ward ' || ward as label,
        geom
    from {{ ref("stg_wards") }}
    where _deleted_at is null

),

community_areas as (

    select
        'community_areas' as layer,
        cast(area_numbe as text) as place_id,
        coalesce(community, 'Community area ' || area_numbe) as label,
        geom
    from {{ ref("stg_community_areas") }}
    where _deleted_at is null

),

police_beats as (

    select
        'police_beats' as layer,
        cast(beat_num as text) as place_id,
        'Beat ' || beat_num as label,
        geom
    from {{ ref("stg_police_beats") }}
    where _deleted_at is null

),

own_layers as (

    select
        layer,
        feature_id as place_id,
        label,
        {{ polygon_in_feet("geometry") }} as geom
    from {{ ref("stg_own_layers") }}
    where kind = 'polygons'

),

pieces as (

    select * from wards
    union all
    select * from community_areas
    union all
    select * from police_beats
    union all
    select * from own_layers

),

-- A beat comes in pieces; they are one place.
united as (

    select
        layer,
        place_id,
        min(label) as label,
        {{ united("geom", 3435) }} as geom
    from pieces
    where place_id is not null and geom is not null
    group by layer, place_id

),

final as (

    select
        layer,
        place_id,
        label,
        {{ square_miles("geom") }} as area_sq_mi,
        geom,
        {{ in_degrees("geom") }} as geom_4326
    from united

)

select * from final
