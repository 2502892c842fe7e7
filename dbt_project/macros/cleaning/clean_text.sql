{#- Free text. `UNK` is written out; marks without a letter or a digit, such as
    a full stop, name nothing. -#}
{% macro clean_text(column) -%}
    case
            when {{ column }} = 'UNKNOWN' then 'UNKNOWN'
            when
                {{ column }} ~ '^[A-Za-z0-9][!-~]*( [!-~]+)*$'
                and (
                    length({{ column }}) > 7
                    or upper({{ column }})
                    not in ('NULL', 'N/A', 'UNK', 'UNKNOWN')
                )
                then {{ column }}
            when {{ column }} is not null
                then {{ named_text(tidy_of(column)) }}
        end
{%- endmacro %}


{% macro named_text(tidied) -%}
    case
            when {{ ascii_upper(tidied) }} in ('UNK', 'UNKNOWN') then 'UNKNOWN'
            when {{ tidied }} ~ '^.*([A-Za-z0-9]|[^ -~]).*$' then {{ tidied }}
        end
{%- endmacro %}


{#- A number of a register: with and without leading zeros it is the same. -#}
{% macro clean_leading_zeros(column) -%}
    {%- set tidied = tidy_of(column) -%}
    case
            when {{ column }} ~ '^[1-9][0-9]*$' then {{ column }}
            when {{ column }} is not null
                then case
                    when {{ tidied }} ~ '^[0-9]+$'
                        then coalesce(nullif(ltrim({{ tidied }}, '0'), ''), '0')
                    else {{ named_text(tidied) }}
                end
        end
{%- endmacro %}


{#- A polygon or several, as a text that a geometry can be made of. -#}
{% macro clean_polygon(column) -%}
    {%- set numbers = "-?[0-9][-0-9., ()]*" -%}
    case
            when
                {{ tidy_of(column) }}
                ~ '^(MULTI)?POLYGON *[(]+ *{{ numbers }}[)]+$'
                then {{ tidy_of(column) }}
        end
{%- endmacro %}
