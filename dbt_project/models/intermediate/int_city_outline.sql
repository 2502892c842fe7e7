-- One row is the city: the union of its community areas.
with

areas as (

    {{ versions_if_loaded(
        source("raw", "community_areas"), key="area_numbe", column="the_geom"
    ) }}

),

readable as (

    select
        the_geom,
        the_geom ~ '^(MULTI)?POLYGON *[(]+ *-?[0-9][-0-9., ()]*[)]+$'
            as is_polygon
    from areas
    where _deleted_at is null

),

outline as (

    select {{ union_of(polygon_in_feet("the_geom")) }} as geom
    from readable
    where is_polygon

),

areas_of_it as (

    select
        cast(count(*) as integer) as area_count,
        cast(
            count(case when is_polygon then null else 1 end) as integer
        ) as unreadable_count,
        md5(string_agg(md5(the_geom), ' ' order by md5(the_geom))) as digest
    from readable

),

final as (

    select
        outline.geom,
        areas_of_it.area_count,
        areas_of_it.unreadable_count,
        areas_of_it.digest
    from outline
    cross join areas_of_it

)

select * from final
