-- One row is the city: the union of its community areas.
with

areas as (

    select
        geom,
        the_geom
    from {{ ref("stg_community_areas") }}
    where _deleted_at is null

),

outline as (

    select {{ united("geom", 3435) }} as geom
    from areas

),

areas_of_it as (

    select
        cast(count(*) as integer) as area_count,
        cast(
            count(case when geom is null then 1 end) as integer
        ) as unreadable_count,
        md5(string_agg(md5(the_geom), ' ' order by md5(the_geom))) as digest
    from areas

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
