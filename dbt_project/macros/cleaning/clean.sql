{#- Each source column tidied, beside it. Its rule may read it several times. -#}
{% macro tidied_values(rules) -%}
    {%- for column in rules %}
        {{ tidy(column) }} as {{ tidy_of(column) }},
    {%- endfor %}
{%- endmacro %}


{% macro tidy_of(column) -%}
    tidy_{{ column }}
{%- endmacro %}


{#-
    A source column cleaned by its rule, under its own name; `tidied_values` are
    to be beside it.

    What depends on other columns of the record is left to `settled_value`: the
    pair of coordinates, the year of a vehicle, a time after the fetch.
-#}
{% macro clean(rules, column) -%}
    {%- set rule = rule_of(rules, column) -%}
    {%- set parameters = rule.parameters -%}
    {%- if rule.kind in ("key", "location") -%}
        {{ tidy_of(column) }}
    {%- elif rule.kind == "text" -%}
        {{ clean_text(column) }}
    {%- elif rule.kind == "category" -%}
        {{ clean_category(column, rule["values"]) }}
    {%- elif rule.kind == "integer" -%}
        {{ clean_integer(column, **parameters) }}
    {%- elif rule.kind == "quantity" -%}
        {{ clean_quantity(column, **parameters) }}
    {%- elif rule.kind == "vehicle_year" -%}
        {{ clean_integer(column, parameters.min, 2147483647) }}
    {%- elif rule.kind == "number" -%}
        {{ clean_number(column, **parameters) }}
    {%- elif rule.kind in ("latitude", "longitude") -%}
        {{ clean_number(column) }}
    {%- elif rule.kind == "flag" -%}
        {{ clean_flag(column) }}
    {%- elif rule.kind == "checkbox" -%}
        {{ clean_checkbox(column) }}
    {%- elif rule.kind == "polygon" -%}
        {{ clean_polygon(column) }}
    {%- elif rule.kind == "timestamp" -%}
        {{ clean_timestamp(column) }}
    {%- elif rule.kind == "code" -%}
        {{ clean_code(column, **parameters) }}
    {%- elif rule.kind == "leading_zeros" -%}
        {{ clean_leading_zeros(column) }}
    {%- endif %} as {{ column }}
{%- endmacro %}


{#- The raw texts, to hold the cleaned values against. -#}
{% macro raw_values(rules) -%}
    {%- for column in rules %}
        {{ column }} as raw_{{ column }},
    {%- endfor %}
        fetched_at
{%- endmacro %}


{#- PostgreSQL would merge the query with the one around it and so clean each
    value as often as that one names it. -#}
{% macro computed_once() -%}
    {{ return(adapter.dispatch("computed_once")()) }}
{%- endmacro %}


{% macro default__computed_once() -%}
    offset 0
{%- endmacro %}


{% macro duckdb__computed_once() -%}
{%- endmacro %}
