{#- A wall-clock time from SODA's form, ISO with a blank, a day alone, or the
    form of the portal's download, `4/18/2026 01:45 PM`; null for days that the
    calendar has not. -#}
{% macro clean_timestamp(column) -%}
    {%- set tidied = tidy_of(column) -%}
    {%- set iso = iso_from_us(tidied) -%}
    {%- set is_iso = "~ '^" ~ timestamp_pattern() ~ "$'" -%}
    case
            when {{ column }} {{ is_iso }} then cast({{ column }} as timestamp)
            when {{ column }} is null then null
            when {{ tidied }} {{ is_iso }} then cast({{ tidied }} as timestamp)
            when
                {{ tidied }} ~ '^{{ us_timestamp_pattern() }}$'
                and {{ iso }} {{ is_iso }}
                then
                    cast({{ iso }} as timestamp)
                    + case
                        when {{ tidied }} ~ '^.*[Pp][Mm]$'
                            then interval '12 hours'
                        else interval '0 hours'
                    end
        end
{%- endmacro %}


{% macro us_timestamp_pattern() -%}
    {%- set minute_and_second = ":[0-5][0-9](:[0-5][0-9])?" -%}
    [0-9]{1,2}/[0-9]{1,2}/[0-9]{4}( (
        {{- "([01]?[0-9]|2[0-3])" ~ minute_and_second }}|
        {{- "(0?[1-9]|1[0-2])" ~ minute_and_second }} ?[AaPp][Mm]))?
{%- endmacro %}


{#- Step by step: the parts in ISO's order, two digits for month and day, two for
    the hour, 0 o'clock for 12 AM and 12 PM, and no AM or PM. -#}
{% macro iso_from_us(text) -%}
    {%- set ordered = "regexp_replace(" ~ text
        ~ ", '^([0-9]+)/([0-9]+)/([0-9]+)', '\\3-0\\1-0\\2')" -%}
    {%- set dated = "regexp_replace(" ~ ordered
        ~ ", '-0([0-9]{2})', '-\\1', 'g')" -%}
    {%- set timed = "regexp_replace(" ~ dated
        ~ ", ' ([0-9]):', ' 0\\1:')" -%}
    {%- set from_zero = "regexp_replace(" ~ timed
        ~ ", ' 12(:.*[AaPp][Mm])$', ' 00\\1')" -%}
    regexp_replace({{ from_zero }}, ' ?[AaPp][Mm]$', '')
{%- endmacro %}


{#- The wall clock of Chicago at a load, which is numbered by the seconds since
    1970 in UTC. -#}
{% macro chicago_time(load_id) -%}
    case
            when {{ load_id }} ~ '^[0-9]{1,10}([.][0-9]*)?$'
                then
                    to_timestamp(cast({{ load_id }} as double precision))
                    at time zone 'America/Chicago'
        end
{%- endmacro %}
