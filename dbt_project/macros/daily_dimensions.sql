{#-
    Each crash once for each dimension that days are counted by, with the value that it
    has of it, as the relation `dimensions`. They are those of the daily statistics that
    this warehouse replaces.

    A crash with both a pedestrian and a cyclist is one of each road user. A value of
    null is none.
-#}
{% macro cross_join_daily_dimensions(crashes) -%}
    {%- set columns = [
        "crash_type",
        "weather_condition",
        "lighting_condition",
        "first_crash_type",
        "prim_contributory_cause",
    ] -%}
    cross join lateral (
        values
    {%- for column in columns %}
        ('{{ column }}', coalesce({{ crashes }}.{{ column }}, 'NOT STATED')),
    {%- endfor %}
        (
            'hit_and_run',
            case {{ crashes }}.hit_and_run_i
                when true then 'Y' when false then 'N' else 'NOT STATED'
            end
        ),
        (
            'road_user',
            case when {{ crashes }}.pedestrians > 0 then 'PEDESTRIAN' end
        ),
        ('road_user', case when {{ crashes }}.cyclists > 0 then 'CYCLIST' end),
        (
            'road_user',
            case
                when {{ crashes }}.pedestrians = 0 and {{ crashes }}.cyclists = 0
                    then 'MOTORISTS ONLY'
            end
        )
    ) as dimensions (dimension, value)
{%- endmacro %}
