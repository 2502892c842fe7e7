{#- Statistics of a table that was just built. PostgreSQL plans what comes next by
    them, in the same build and for analysts, and would gather them a minute later:
    until then it expects a build to touch a sixth of all, and reads the whole of
    raw. DuckDB needs none. -#}
{% macro analyzed() -%}
    {{ return(adapter.dispatch("analyzed")()) }}
{%- endmacro %}


{% macro default__analyzed() -%}
    {%- if model.config.materialized in ("table", "incremental") -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}


{% macro duckdb__analyzed() -%}
{%- endmacro %}
