{#- Forgets the pieces of layers that are no more, before new ones are added. -#}
{% macro without_layers_gone() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where layer not in (select layer from {{ ref("int_layers") }})
    {%- endif -%}
{%- endmacro %}
