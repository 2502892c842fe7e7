{#- Null, empty, or nothing but spaces, tabs and line breaks. -#}
{% macro is_blank(column) -%}
    coalesce(trim({{ column }}, ' ' || chr(9) || chr(10) || chr(13)), '') = ''
{%- endmacro %}
