{#- The newest versions of a raw table that need not be there: without it no row,
    and of its columns those that are asked for. -#}
{% macro versions_if_loaded(raw, key, column) -%}
    {%- if load_relation(raw) is none -%}
        select
            cast(null as varchar) as {{ column }},
            cast(null as timestamp) as _deleted_at
        where false
    {%- else -%}
        {{ newest_versions(raw, key) }}
    {%- endif -%}
{%- endmacro %}
