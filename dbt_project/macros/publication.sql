{#- A stamp of the portal, which is in UTC, as Chicago's wall clock. -#}
{% macro in_chicago(instant) -%}
    ({{ instant }} at time zone 'UTC') at time zone 'America/Chicago'
{%- endmacro %}


{#- Days and parts of them from one time to another. -#}
{% macro days_between(first, last) -%}
    cast(
                extract(epoch from ({{ last }} - {{ first }})) as double precision
            ) / 86400
{%- endmacro %}


{#- The value that a share of all is no greater than, between the two next to it, to
    four digits: the engines differ in the sixteenth. -#}
{% macro quantile(share, column) -%}
    cast(
            cast(
                percentile_cont({{ share }}) within group (order by {{ column }})
                as decimal(18, 4)
            ) as double precision
        )
{%- endmacro %}


{#- Whole minutes from one time to another; negative where the other is before. -#}
{% macro minutes_between(first, last) -%}
    cast(
            floor(extract(epoch from ({{ last }} - {{ first }})) / 60) as integer
        )
{%- endmacro %}


{#- Whether crashes of a month may still come in: its last day is one of those. -#}
{% macro is_month_provisional(month_start, publication) -%}
    cast({{ month_start }} + interval '1 month' as date)
            > {{ publication }}.provisional_since
{%- endmacro %}
