-- One row: what happened within a radius of a point.
{{ config(materialized="table_function") }}

{%- set point = point_in_feet(argument("lon"), argument("lat")) %}

with

near as (

    select {{ reported_columns("crashes") }}
    from {{ beside(ref("crashes")) }} as crashes
    where {{ is_within("crashes.geom", point, argument("radius_ft")) }}

),

{{ crash_report("near") }}

select report.*
from report
where {{ arguments_hold(place_checks() + radius_checks() + date_checks()) }}
{{ or_refused(place_checks() + radius_checks() + date_checks()) }}
