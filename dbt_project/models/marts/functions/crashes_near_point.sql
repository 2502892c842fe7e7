-- One row is a crash no further from a point than a radius.
{{ config(materialized="table_function") }}

{%- set point = point_in_feet(argument("lon"), argument("lat")) %}

with

near as (

    select
        crashes.*,
        st_distance(crashes.geom, {{ point }}) as distance_ft
    from {{ beside(ref("crashes")) }} as crashes
    where {{ is_within("crashes.geom", point, argument("radius_ft")) }}

)

select
    near.crash_record_id,
    near.crashed_at,
    near.severity,
    near.is_ksi,
    near.first_crash_type,
    near.prim_contributory_cause,
    near.people_count,
    near.injuries_total,
    near.injuries_fatal,
    near.pedestrians,
    near.cyclists,
    near.longitude,
    near.latitude,
    near.distance_ft
from near
where
    {{ arguments_hold(place_checks() + radius_checks() + date_checks()) }}
    and {{ is_between_dates("near.crash_date") }}
{{ or_refused(place_checks() + radius_checks() + date_checks()) }}
