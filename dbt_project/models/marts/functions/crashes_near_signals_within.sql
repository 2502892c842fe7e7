-- One row is a crash and a traffic signal no further from it than a distance.
{{ config(materialized="table_function") }}

{%- set feet = feet_of_metres(argument("distance_m")) %}
{%- set checks = [(
    argument("distance_m") ~ " between 10 and 1000",
    "'distance_m ' || coalesce(cast(" ~ argument("distance_m")
    ~ " as text), 'null') || ': expected 10 to 1000 metres'",
)] %}

select
    pairs.crash_record_id,
    pairs.feature_id as signal_id,
    pairs.distance_ft,
    {{ metres_of_feet("pairs.distance_ft") }} as distance_m
from (
    {{ pairs_by_index(
        beside(ref("crashes")),
        "(select * from " ~ beside(ref("point_features"))
        ~ " where layer = 'traffic_signals')",
        feet
    ) }}
) as pairs
where {{ arguments_hold(checks) }}
{{ or_refused(checks) }}
