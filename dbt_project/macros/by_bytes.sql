{#- A text that is ordered byte by byte, as a collation would reorder it. -#}
{% macro by_bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
