-- One row: what happened in a place.
{{ config(materialized="table_function") }}

{%- set places = beside(ref("places")) %}
{%- set number -%}
    case
        when {{ argument("place_id") }} ~ '^[0-9]{1,9}$'
            then cast({{ argument("place_id") }} as integer)
    end
{%- endset %}
{%- set checks = [
    (
        argument("layer") ~ " in (select known.layer from " ~ places ~ " as known)",
        "'layer ' || coalesce(" ~ argument("layer") ~ ", 'null') || ': there is none"
        ~ " of places by this name; there are ' || (select string_agg(distinct"
        ~ " known.layer, ', ' order by known.layer) from " ~ places ~ " as known)",
    ),
    (
        "(" ~ argument("layer") ~ ", " ~ argument("place_id") ~ ") in (select"
        ~ " known.layer, known.place_id from " ~ places ~ " as known)",
        "'place_id ' || coalesce(" ~ argument("place_id") ~ ", 'null') || ': the"
        ~ " layer ' || " ~ argument("layer") ~ " || ' has none; see marts.places'",
    ),
] %}

with

asked as (

    select
        {{ argument("layer") }} as asked_layer,
        {{ argument("place_id") }} as asked_place_id

),

within as (

    select {{ reported_columns("crashes") }}
    from {{ beside(ref("crashes")) }} as crashes
    where
        ({{ argument("layer") }} = 'wards' and crashes.ward = {{ number }})
        or (
            {{ argument("layer") }} = 'community_areas'
            and crashes.community_area = {{ number }}
        )
        or (
            {{ argument("layer") }} = 'police_beats'
            and crashes.police_beat = {{ number }}
        )
    union all
    select {{ reported_columns("crashes") }}
    from asked
    inner join {{ beside(ref("int_crashes_in_own_places")) }} as own
        on
            asked.asked_layer = own.layer
            and asked.asked_place_id = own.place_id
    inner join {{ beside(ref("crashes")) }} as crashes
        on own.crash_record_id = crashes.crash_record_id

),

{{ crash_report("within") }}

select report.*
from report
where {{ arguments_hold(checks + date_checks()) }}
{{ or_refused(checks + date_checks()) }}
