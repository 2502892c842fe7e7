{#- A value of the City's list in the City's spelling. What is not on the list
    stays as it is: `unlisted_categories` reports it. -#}
{% macro clean_category(column, listed) -%}
    {%- set tidied = tidy_of(column) -%}
    case
            {%- if listed %}
            when
                {{ column }} in (
                    {%- for value in listed %}
                    {{ as_literal(value) }}{{ "," if not loop.last }}
                    {%- endfor %}
                )
                then {{ column }}
            {%- endif %}
            when {{ column }} is not null
                then case {{ ascii_upper(tidied) }}
                    when 'UNK' then 'UNKNOWN'
                    when 'UNKNOWN' then 'UNKNOWN'
                    {%- for value in listed %}
                    when {{ as_literal(upper_literal(value)) }}
                        then {{ as_literal(value) }}
                    {%- endfor %}
                    else {{ tidied }}
                end
        end
{%- endmacro %}


{#- `ascii_upper` of a text that is known beforehand. -#}
{% macro upper_literal(text) -%}
    {%- set upper = [] -%}
    {%- for letter in text -%}
        {%- do upper.append(letter | upper if letter < "{" else letter) -%}
    {%- endfor -%}
    {{ return(upper | join) }}
{%- endmacro %}


{% macro as_literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}


{#- `Y` and `N`; null is neither. -#}
{% macro clean_flag(column) -%}
    case
            when {{ column }} = 'Y' then true
            when {{ column }} = 'N' then false
            when {{ column }} is not null
                then case {{ ascii_upper(tidy_of(column)) }}
                    when 'Y' then true
                    when 'N' then false
                end
        end
{%- endmacro %}


{#- `true` and `false`; null is neither. -#}
{% macro clean_checkbox(column) -%}
    case {{ ascii_upper(tidy_of(column)) }}
            when 'TRUE' then true
            when 'FALSE' then false
        end
{%- endmacro %}
