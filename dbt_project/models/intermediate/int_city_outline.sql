-- One row is the city: the union of its community areas.
with

areas as (

    {{ versions_if_loaded(
        source("raw", "community_areas"), key="area_numbe", column="the_geom"
    ) }}

),

final as (

    select {{ union_of(polygon_in_feet("the_geom")) }} as geom
    from areas
    where the_geom ~ '^(MULTI)?POLYGON *[(]+ *-?[0-9][-0-9., ()]*[)]+$'

)

select * from final
