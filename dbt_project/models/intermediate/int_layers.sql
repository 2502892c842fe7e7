-- One row is a layer of points or of places, with a digest by which what was
-- joined to it is joined anew when it changes.
with

features as (

    select
        layer,
        'points' as kind,
        md5(feature_id || ' ' || st_astext(geom)) as digest
    from {{ ref("point_features") }}
    union all
    select
        layer,
        'polygons' as kind,
        md5(place_id || ' ' || st_astext(geom)) as digest
    from {{ ref("places") }}

),

final as (

    select
        layer,
        kind,
        cast(count(*) as integer) as features,
        md5(string_agg(digest, ' ' order by digest)) as digest
    from features
    group by layer, kind

)

select * from final
