{#- `12`, `+12`, `012`, `12.0` as an integer, or as a bigint where the bounds
    need one; null outside of the bounds and off the step. -#}
{% macro clean_integer(column, min, max, step=none) -%}
    {%- set bounds = {"min": min | int, "max": max | int, "step": step} -%}
    case
            when {{ column }} ~ '^[0-9]{1,9}$'
                then {{ within(column, bounds) }}
            when {{ column }} is not null
                then {{ whole_number(tidy_of(column), bounds) }}
        end
{%- endmacro %}


{#- The same with commas between thousands. -#}
{% macro clean_quantity(column, min, max) -%}
    {%- set bounds = {"min": min | int, "max": max | int} -%}
    {%- set tidied = tidy_of(column) -%}
    case
            when {{ column }} ~ '^[0-9]{1,9}$'
                then {{ within(column, bounds) }}
            when
                {{ tidied }} ~ '^[+-]?[0-9]{1,3}(,[0-9]{3})+([.]0*)?$'
                then {{ whole_number(
                    "replace(" ~ tidied ~ ", ',', '')", bounds
                ) }}
            when {{ column }} is not null
                then {{ whole_number(tidied, bounds) }}
        end
{%- endmacro %}


{#- A bigint holds any 18 digits. Of 19 it holds some: they are compared as
    decimals, apart from the others, because decimals are thirty times slower.
    More digits are out of any bounds. -#}
{% macro whole_number(text, bounds) -%}
    {%- set whole = "split_part(" ~ text ~ ", '.', 1)" -%}
    case
                when {{ text }} ~ '^[+-]?0*[0-9]{1,18}([.]0*)?$'
                    then {{ within(whole, bounds) }}
                {%- if bounds.max >= 10 ** 18 %}
                when
                    {{ text }} ~ '^[+-]?0*[0-9]{19}([.]0*)?$'
                    and cast({{ whole }} as numeric(38, 0))
                    between {{ bounds.min }} and {{ bounds.max }}
                    then cast({{ whole }} as bigint)
                {%- endif %}
            end
{%- endmacro %}


{% macro within(whole, bounds) -%}
    {%- set type = "integer" if bounds.max < 2 ** 31 else "bigint" -%}
    {%- set number = "cast(" ~ whole ~ " as bigint)" -%}
    case
                    when
                        {{ number }}
                        between {{ bounds.min }} and {{ bounds.max }}
                        {%- if bounds.step %}
                        and {{ number }} % {{ bounds.step }} = 0
                        {%- endif %}
                        then cast({{ number }} as {{ type }})
                end
{%- endmacro %}


{#- A double. 200 characters and two digits of exponent can neither overflow nor
    underflow one, which one engine answers with an error. -#}
{% macro clean_number(column, min=none, max=none) -%}
    {%- set bounds = {"min": min, "max": max} -%}
    {%- set tidied = tidy_of(column) -%}
    case
            when {{ is_number(column) }}
                then {{ between_doubles(column, bounds) }}
            when {{ column }} is not null and {{ is_number(tidied) }}
                then {{ between_doubles(tidied, bounds) }}
        end
{%- endmacro %}


{% macro is_number(text) -%}
    {%- set digits = "([0-9]+[.]?[0-9]*|[.][0-9]+)" -%}
    length({{ text }}) <= 200
                and {{ text }} ~ '^[+-]?{{ digits }}([eE][+-]?[0-9]{1,2})?$'
{%- endmacro %}


{% macro between_doubles(text, bounds) -%}
    {%- set number = "cast(" ~ text ~ " as double precision)" -%}
    {%- if bounds.min is none -%}
        {{ number }}
    {%- else -%}
        case
                    when
                        {{ number }}
                        between {{ bounds.min }} and {{ bounds.max }}
                        then {{ number }}
                end
    {%- endif -%}
{%- endmacro %}
