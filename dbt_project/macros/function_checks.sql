{#- What is asked of the arguments of functions: pairs of a condition and what is
    said where it does not hold, both in SQL. -#}
{% macro place_checks() -%}
    {{ return([
        (
            argument("lon") ~ " between -88.5 and -87 and "
            ~ argument("lat") ~ " between 41 and 42.8",
            "'lon ' || coalesce(cast(" ~ argument("lon") ~ " as text), 'null')"
            ~ " || ', lat ' || coalesce(cast(" ~ argument("lat")
            ~ " as text), 'null') || ': no place in or about Chicago; in degrees,"
            ~ " longitude first, as in -87.63, 41.88'",
        ),
    ]) }}
{%- endmacro %}


{% macro radius_checks() -%}
    {{ return([
        (
            argument("radius_ft") ~ " between 1 and 26400",
            "'radius_ft ' || coalesce(cast(" ~ argument("radius_ft")
            ~ " as text), 'null') || ': expected 1 to 26400 US survey feet'",
        ),
    ]) }}
{%- endmacro %}


{#- An end that is null is open. -#}
{% macro date_checks() -%}
    {{ return([
        (
            "coalesce(" ~ argument("date_from") ~ " < " ~ argument("date_to")
            ~ ", true)",
            "'date_from ' || " ~ argument("date_from") ~ " || ' is not before date_to '"
            ~ " || " ~ argument("date_to")
            ~ " || ': the first day is in, the last day is out'",
        ),
    ]) }}
{%- endmacro %}


{#- Whether a crash is of the days between; an end that is null is open. -#}
{% macro is_between_dates(crash_date) -%}
    (
            {{ argument("date_from") }} is null
            or {{ days_from("date_from", crash_date) }} >= 0
        )
        and (
            {{ argument("date_to") }} is null
            or {{ days_from("date_to", crash_date) }} < 0
        )
{%- endmacro %}


{#- How many days a crash is after a day that is an argument. -#}
{% macro days_from(day, crash_date) -%}
    {{ return(adapter.dispatch("days_from")(day, crash_date)) }}
{%- endmacro %}


{% macro default__days_from(day, crash_date) -%}
    {{ crash_date }} - {{ argument(day) }}
{%- endmacro %}


{#- Not the plain difference: DuckDB would make of it a condition of the table's
    scan, and then it asks no R-tree. -#}
{% macro duckdb__days_from(day, crash_date) -%}
    date_diff('day', {{ argument(day) }}, {{ crash_date }})
{%- endmacro %}


{#- Whether a crash is so near to a place that its engine's index can find it. -#}
{% macro is_within(geometry, place, feet) -%}
    {{ return(adapter.dispatch("is_within")(geometry, place, feet)) }}
{%- endmacro %}


{#- Not by st_dwithin: PostgreSQL thinks it so dear that it compiles the query first,
    which takes longer than to answer it. -#}
{% macro default__is_within(geometry, place, feet) -%}
    {{ geometry }} && st_expand({{ place }}, {{ feet }})
        and sqrt(
            power(st_x({{ geometry }}) - st_x({{ place }}), 2)
            + power(st_y({{ geometry }}) - st_y({{ place }}), 2)
        ) <= {{ feet }}
{%- endmacro %}


{#- An R-tree is asked for what meets a shape that is known before. -#}
{% macro duckdb__is_within(geometry, place, feet) -%}
    st_intersects(
            {{ geometry }},
            st_setcrs(
                st_makeenvelope(
                    st_x({{ place }}) - {{ feet }},
                    st_y({{ place }}) - {{ feet }},
                    st_x({{ place }}) + {{ feet }},
                    st_y({{ place }}) + {{ feet }}
                ),
                'EPSG:3435'
            )
        )
        and st_distance({{ geometry }}, {{ place }}) <= {{ feet }}
{%- endmacro %}
