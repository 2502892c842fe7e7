{#-
    Text to types. The guards are regular expressions that both engines read
    alike, so a text that is no value of the type is null and never an error.
-#}
{% macro typed(column, type) -%}
    {%- if type in ("integer", "bigint") -%}
        {{ as_whole_number(column, type) }}
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


{% macro as_whole_number(column, type) -%}
    {%- set limits = {
        "integer": ("-2147483648", "2147483647"),
        "bigint": ("-9223372036854775808", "9223372036854775807"),
    } -%}
    {%- set whole = "split_part(" ~ column ~ ", '.', 1)" -%}
    case
            when {{ column }} ~ '^ *[+-]?0*[0-9]{1,19}([.]0*)? *$'
                then case
                    when
                        cast({{ whole }} as numeric(38, 0))
                        between {{ limits[type][0] }} and {{ limits[type][1] }}
                        then cast({{ whole }} as {{ type }})
                end
        end
{%- endmacro %}


{% macro as_number(column) -%}
    {#- 200 characters and two digits of exponent can neither overflow nor
        underflow a double, which one engine answers with an error. -#}
    case
            when
                length({{ column }}) <= 200
                and {{ column }}
                ~ '^ *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})? *$'
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


{#- Days that the calendar has, in years of four digits, with or without a
    time: one engine raises an error over 30 February, the other over year 0. -#}
{% macro timestamp_pattern() -%}
    {%- set year = "[1-9][0-9]{3}" -%}
    {%- set leap_year -%}
        (?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)
    {%- endset -%}
    {%- set day_of_month -%}
        (?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)
    {%- endset -%}
    {%- set time -%}
        (?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?
    {%- endset -%}
    (?:{{ year }}-{{ day_of_month }}|{{ leap_year }}-02-29)(?:[T ]{{ time }})?
{%- endmacro %}
