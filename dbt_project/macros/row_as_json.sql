{#- A whole row as the text of a JSON object. -#}
{% macro row_as_json(table_alias) -%}
    {{ return(adapter.dispatch("row_as_json")(table_alias)) }}
{%- endmacro %}


{% macro default__row_as_json(table_alias) -%}
    cast(row_to_json({{ table_alias }}) as text)
{%- endmacro %}


{% macro duckdb__row_as_json(table_alias) -%}
    cast(to_json({{ table_alias }}) as text)
{%- endmacro %}
