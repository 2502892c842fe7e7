-- One row is the city: the union of its community areas.
with

areas as (

    {% if load_relation(source("raw", "community_areas")) is none -%}
    select cast(null as varchar) as the_geom
    where false
    {%- else -%}
    {{ newest_versions(source("raw", "community_areas"), key="area_numbe") }}
    {%- endif %}

),

final as (

    select {{ union_of(polygon_in_feet("the_geom")) }} as geom
    from areas
    where the_geom ~ '^(MULTI)?POLYGON *[(]+[-0-9]+[.][-0-9., ()]*[)]+$'

)

select * from final
