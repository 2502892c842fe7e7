{#-
    Text to types. The guards are regular expressions that both engines read
    alike, so a text that is no value of the type is null and never an error.
-#}
{% macro typed(column, type) -%}
    {%- if type == "integer" -%}
        {{ as_integer(column) }}
    {%- elif type == "bigint" -%}
        {{ as_bigint(column) }}
    {%- elif type == "double precision" -%}
        {{ as_number(column) }}
    {%- elif type == "boolean" -%}
        {{ as_flag(column) }}
    {%- elif type == "timestamp" -%}
        {{ as_timestamp(column) }}
    {%- elif type == "instant" -%}
        {{ as_instant(column) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "typed: no type '" ~ type ~ "' for " ~ column
            ~ "; it knows integer, bigint, double precision, boolean,"
            ~ " timestamp and instant"
        ) }}
    {%- endif %} as {{ column }}
{%- endmacro %}


{#- `12`, `+12`, `012`, `12.0`: up to 18 digits, which a bigint can hold. -#}
{% macro as_integer(column) -%}
    {%- set whole = "split_part(" ~ column ~ ", '.', 1)" -%}
    case
            when {{ column }} ~ '{{ whole_number_pattern("{1,18}") }}'
                then case
                    when
                        cast({{ whole }} as bigint)
                        between -2147483648 and 2147483647
                        then cast({{ whole }} as integer)
                end
        end
{%- endmacro %}


{#- Numbers of 19 digits may fit or not. They are compared as decimals, apart
    from the others, because decimals are thirty times slower. -#}
{% macro as_bigint(column) -%}
    {%- set whole = "split_part(" ~ column ~ ", '.', 1)" -%}
    case
            when {{ column }} ~ '{{ whole_number_pattern("{1,18}") }}'
                then cast({{ whole }} as bigint)
            when {{ column }} ~ '{{ whole_number_pattern("{19}") }}'
                then case
                    when
                        cast({{ whole }} as numeric(38, 0))
                        between -9223372036854775808 and 9223372036854775807
                        then cast({{ whole }} as bigint)
                end
        end
{%- endmacro %}


{% macro whole_number_pattern(digits) -%}
    ^ *[+-]?0*[0-9]{{ digits }}([.]0*)? *$
{%- endmacro %}


{% macro as_number(column) -%}
    {#- 200 characters and two digits of exponent can neither overflow nor
        underflow a double, which one engine answers with an error. -#}
    {%- set digits = "([0-9]+[.]?[0-9]*|[.][0-9]+)" -%}
    {%- set exponent = "([eE][+-]?[0-9]{1,2})?" -%}
    case
            when
                length({{ column }}) <= 200
                and {{ column }} ~ '^ *[+-]?{{ digits }}{{ exponent }} *$'
                then cast({{ column }} as double precision)
        end
{%- endmacro %}


{% macro as_flag(column) -%}
    case {{ column }} when 'Y' then true when 'N' then false end
{%- endmacro %}


{% macro as_timestamp(column) -%}
    case
            when {{ column }} ~ '^{{ timestamp_pattern() }}$'
                then cast({{ column }} as timestamp)
        end
{%- endmacro %}


{#- The portal's own stamps are in UTC and end in Z; so is the result, without
    a zone, lest the session's time zone change it. -#}
{% macro as_instant(column) -%}
    case
            when {{ column }} ~ '^{{ timestamp_pattern() }}Z?$'
                then cast(rtrim({{ column }}, 'Z') as timestamp)
        end
{%- endmacro %}


{#- Days that the calendar has, in years of four digits, with or without a time:
    one engine would raise an error over 30 February, the other over year 0. -#}
{% macro timestamp_pattern() -%}
    {%- set year = "[1-9][0-9]{3}" -%}
    {%- set leap_year = "[1-9][0-9](0[48]|[2468][048]|[13579][26])" -%}
    {%- set leap_century = "([2468][048]|[13579][26])00" -%}
    {%- set to_28th = "(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])" -%}
    {%- set to_30th = "(0[13-9]|1[0-2])-(29|30)" -%}
    {%- set to_31st = "(0[13578]|1[02])-31" -%}
    {%- set hour_and_minute = "([01][0-9]|2[0-3]):[0-5][0-9]" -%}
    {%- set second = ":[0-5][0-9]([.][0-9]{1,6})?" -%}
    (
        {{- year }}-({{ to_28th }}|{{ to_30th }}|{{ to_31st }})|
        {{- "(" ~ leap_year }}|{{ leap_century }})-02-29)
    {{- "([T ]" ~ hour_and_minute }}({{ second }})?)?
{%- endmacro %}
