{#- A set of rows, one for each day from the first to the last. -#}
{% macro each_day(first_day, last_day) -%}
    {{ return(adapter.dispatch("each_day")(first_day, last_day)) }}
{%- endmacro %}


{% macro default__each_day(first_day, last_day) -%}
    generate_series({{ first_day }}, {{ last_day }}, interval '1 day')
{%- endmacro %}


{% macro duckdb__each_day(first_day, last_day) -%}
    unnest(
            generate_series({{ first_day }}, {{ last_day }}, interval '1 day')
        )
{%- endmacro %}
