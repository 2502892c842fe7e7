{#- A relation by schema and name alone, for what is read later: a DuckDB file may
    then have another name, which is that of its database. -#}
{% macro beside(relation) -%}
    {{ return(relation.include(database=false)) }}
{%- endmacro %}
