-- One row: whether a point, $1 as GeoJSON in degrees, is in the city, and what
-- told it. By the community areas, or by the wards where there are none, it is
-- outside of them by no more than 0.0006 degrees, some 200 ft, as crashes may
-- be; where there are neither it is within the bounds by which the coordinates
-- of crashes are cleaned. Beside it the first and the last day of the data.
with

point as (

    select st_geomfromgeojson(cast($1 as text)) as geom

),

layers as (

    select
        places.layer,
        min(st_distance(places.geom_4326, point.geom)) <= 0.0006 as is_inside
    from marts.places
    cross join point
    where places.layer in ('community_areas', 'wards')
    group by places.layer

),

rules as (

    select
        cleaning_rules.kind,
        cast(
            regexp_replace(
                cleaning_rules.parameters, '.*min=([-.0-9]+).*', '\1'
            ) as double precision
        ) as lower_bound,
        cast(
            regexp_replace(
                cleaning_rules.parameters, '.*max=([-.0-9]+).*', '\1'
            ) as double precision
        ) as upper_bound
    from quality.cleaning_rules
    where
        cleaning_rules.dataset = 'crashes'
        and cleaning_rules.kind in ('latitude', 'longitude')

),

bounds as (

    select
        'bounds' as layer,
        count(*) = 2 as is_inside
    from rules
    cross join point
    where
        case rules.kind
            when 'latitude' then st_y(point.geom)
            else st_x(point.geom)
        end between rules.lower_bound and rules.upper_bound

),

answers as (

    select
        layer,
        is_inside,
        case layer when 'community_areas' then 1 else 2 end as place
    from layers
    union all
    select
        layer,
        is_inside,
        3 as place
    from bounds

),

ranked_answers as (

    select
        layer,
        is_inside,
        row_number() over (order by place) as answer_rank
    from answers

),

known as (

    select
        min(crash_date) as first_day,
        max(crash_date) as last_day
    from marts.crashes_daily

)

select
    ranked_answers.is_inside as is_in_city,
    ranked_answers.layer as told_by,
    known.first_day,
    known.last_day
from ranked_answers
cross join known
where ranked_answers.answer_rank = 1
