{#- Statistics of what was just built: without them PostgreSQL expects the next
    build to touch a sixth of it, and reads all of raw. DuckDB needs none. -#}
{% macro analyzed() -%}
    {{ return(adapter.dispatch("analyzed")()) }}
{%- endmacro %}


{% macro default__analyzed() -%}
    analyze {{ this }}
{%- endmacro %}


{% macro duckdb__analyzed() -%}
{%- endmacro %}
