{#- What is counted of crashes, wherever they are grouped: crashes, and of people
    those injured, killed, and killed or seriously injured. -#}
{% macro crash_totals(crashes) -%}
    {{ people_totals(crashes) }},
        cast(count(case when {{ crashes }}.pedestrians > 0 then 1 end) as bigint)
            as pedestrian_crashes,
        cast(count(case when {{ crashes }}.cyclists > 0 then 1 end) as bigint)
            as cyclist_crashes,
        cast(coalesce(sum({{ crashes }}.economic_cost_usd), 0) as bigint)
            as economic_cost_usd,
        cast(coalesce(sum({{ crashes }}.comprehensive_cost_usd), 0) as bigint)
            as comprehensive_cost_usd
{%- endmacro %}


{#- Crashes and people alone, for marts of the time and cause. -#}
{% macro people_totals(crashes) -%}
    cast(count(*) as bigint) as total_crashes,
        cast(coalesce(sum({{ crashes }}.injuries_total), 0) as bigint)
            as total_injuries,
        cast(coalesce(sum({{ crashes }}.injuries_fatal), 0) as bigint)
            as total_fatalities,
        cast(
            coalesce(sum({{ crashes }}.injuries_fatal), 0)
            + coalesce(sum({{ crashes }}.injuries_incapacitating), 0)
            as bigint
        ) as total_ksi
{%- endmacro %}


{% macro people_totals_or_zero(totals) -%}
    {%- for name in total_names()[:4] %}
        cast(coalesce({{ totals }}.{{ name }}, 0) as bigint) as {{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The names of what is counted. -#}
{% macro total_names() -%}
    {{ return([
        "total_crashes",
        "total_injuries",
        "total_fatalities",
        "total_ksi",
        "pedestrian_crashes",
        "cyclist_crashes",
        "economic_cost_usd",
        "comprehensive_cost_usd",
    ]) }}
{%- endmacro %}


{#- The totals of rows that are themselves totals. -#}
{% macro sums_of_totals() -%}
    {%- for name in total_names() %}
        sum({{ name }}) as {{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The totals of what may have had no crash: zero then. -#}
{% macro totals_or_zero(totals) -%}
    {%- for name in total_names() %}
        cast(coalesce({{ totals }}.{{ name }}, 0) as bigint) as {{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The rank of what was counted: by people killed or seriously injured, then by
    comprehensive cost; equal ones share it. -#}
{% macro rank_of_totals(totals, layer=none) -%}
    cast(
            rank() over (
                {%- if layer %}
                partition by {{ layer }}
                {%- endif %}
                order by
                    coalesce({{ totals }}.total_ksi, 0) desc,
                    coalesce({{ totals }}.comprehensive_cost_usd, 0) desc
            ) as integer
        )
{%- endmacro %}


{#- A part of a whole, between 0 and 1; null of nothing. -#}
{% macro share(part, whole) -%}
    cast({{ part }} as double precision) / nullif({{ whole }}, 0)
{%- endmacro %}


{#- How many months one first of a month is before another. -#}
{% macro months_between(first, last) -%}
    (
                12 * (
                    extract(year from {{ last }}) - extract(year from {{ first }})
                )
                + extract(month from {{ last }}) - extract(month from {{ first }})
            )
{%- endmacro %}
