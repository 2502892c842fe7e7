{#- A hash index on a model's key, which may be long and is only looked up, and
    one on each of some columns or lists of them, where an index is what finds
    few rows in a large table: DuckDB scans a column faster than it would keep
    one up. -#}
{% macro indexes_on(key, columns) -%}
    {{ return(adapter.dispatch("indexes_on")(key, columns)) }}
{%- endmacro %}


{% macro default__indexes_on(key, columns) -%}
    {%- set indexes = [{"columns": [key], "type": "hash"}] if key else [] -%}
    {%- for column in columns -%}
        {%- do indexes.append({
            "columns": [column] if column is string else column
        }) -%}
    {%- endfor -%}
    {{ return(indexes) }}
{%- endmacro %}


{% macro duckdb__indexes_on(key, columns) -%}
    {{ return([]) }}
{%- endmacro %}


{#- An index of the least and the most that each range of pages has of a column: in
    a table that is in its order it is as quick as a tree, and has a hundredth of the
    size. -#}
{% macro range_index_on(column) -%}
    {{ return(adapter.dispatch("range_index_on")(column)) }}
{%- endmacro %}


{% macro default__range_index_on(column) -%}
    {{ return([{"columns": [column], "type": "brin"}]) }}
{%- endmacro %}


{% macro duckdb__range_index_on(column) -%}
    {{ return([]) }}
{%- endmacro %}


{#- The order in which a table is written that has such an index. -#}
{% macro in_the_order_of(column) -%}
    {{ return(adapter.dispatch("in_the_order_of")(column)) }}
{%- endmacro %}


{% macro default__in_the_order_of(column) -%}
    order by {{ column }}
{%- endmacro %}


{% macro duckdb__in_the_order_of(column) -%}
{%- endmacro %}
