{#- Null, or nothing is left of it once it is tidied. Five characters that are
    to be seen are enough to know better. -#}
{% macro is_blank(column) -%}
    case
            when left({{ column }}, 5) ~ '^[!-~]{5}$' then false
            else {{ tidy(column) }} is null
        end
{%- endmacro %}
