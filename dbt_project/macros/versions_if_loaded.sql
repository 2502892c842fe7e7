{#- The newest versions of a raw table that need not be there: without it no row,
    and the column that is asked for. -#}
{% macro versions_if_loaded(raw, key, column) -%}
    {%- if load_relation(raw) is none -%}
        select cast(null as varchar) as {{ column }}
        where false
    {%- else -%}
        {{ newest_versions(raw, key) }}
    {%- endif -%}
{%- endmacro %}
