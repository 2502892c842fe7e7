{#- An index on each of some columns, where an index is what finds few rows in a
    large table: DuckDB scans a column faster than it would keep one up. -#}
{% macro indexes_on(columns) -%}
    {{ return(adapter.dispatch("indexes_on")(columns)) }}
{%- endmacro %}


{% macro default__indexes_on(columns) -%}
    {%- set indexes = [] -%}
    {%- for column in columns -%}
        {%- do indexes.append({"columns": [column]}) -%}
    {%- endfor -%}
    {{ return(indexes) }}
{%- endmacro %}


{% macro duckdb__indexes_on(columns) -%}
    {{ return([]) }}
{%- endmacro %}
