{#- A code that has to have a form: `state` or `zip`. -#}
{% macro clean_code(column, pattern) -%}
    {%- if pattern == "state" -%}
        {%- set form = "^[A-Z]{2}$" -%}
        {%- set code = ascii_upper(tidy_of(column)) -%}
    {%- elif pattern == "zip" -%}
        {%- set form = "^[0-9]{5}(-[0-9]{4})?$" -%}
        {%- set code = zip_code(tidy_of(column)) -%}
    {%- endif -%}
    case
            when {{ column }} ~ '{{ form }}' then {{ column }}
            when {{ column }} is not null and {{ code }} ~ '{{ form }}'
                then {{ code }}
        end
{%- endmacro %}


{#- `60601.0`, which a spreadsheet makes of it, and nine digits without dash. -#}
{% macro zip_code(text) -%}
    regexp_replace(
                regexp_replace({{ text }}, '^([0-9]{5})[.]0$', '\1'),
                '^([0-9]{5})([0-9]{4})$',
                '\1-\2'
            )
{%- endmacro %}
