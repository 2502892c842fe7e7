{#- The dimensions that days are counted by, and the text that each has of a crash;
    those of the daily statistics that this warehouse replaces. -#}
{% macro daily_dimensions() -%}
    {{ return({
        "crash_type": "crash_type",
        "weather_condition": "weather_condition",
        "lighting_condition": "lighting_condition",
        "first_crash_type": "first_crash_type",
        "prim_contributory_cause": "prim_contributory_cause",
        "hit_and_run": "case hit_and_run_i when true then 'Y' when false then 'N' end",
    }) }}
{%- endmacro %}


{#- Who was in a crash, and how one knows; a name is its value with a low line. -#}
{% macro road_users() -%}
    {{ return({
        "PEDESTRIAN": "pedestrians > 0",
        "CYCLIST": "cyclists > 0",
        "MOTORISTS_ONLY": "coalesce(pedestrians, 0) = 0 and coalesce(cyclists, 0) = 0",
    }) }}
{%- endmacro %}
