{#- A cleaning query is long. PostgreSQL would compile it for 6 seconds, which no
    table of the City's is large enough to win back. -#}
{% macro without_jit() -%}
    {{ return(adapter.dispatch("without_jit")()) }}
{%- endmacro %}


{% macro default__without_jit() -%}
    set local jit = off
{%- endmacro %}


{% macro duckdb__without_jit() -%}
{%- endmacro %}
