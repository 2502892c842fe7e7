{#- The spans of a dashboard that end with a day, as the relation `spans`. -#}
{% macro cross_join_spans(last_day) -%}
    cross join lateral (
        values
        ('today', {{ last_day }}),
        ('last_7_days', {{ last_day }} - 6),
        ('last_30_days', {{ last_day }} - 29),
        ('last_365_days', {{ last_day }} - 364),
        ('year_to_date', cast(date_trunc('year', {{ last_day }}) as date))
    ) as spans (span, first_day)
{%- endmacro %}


{#- What is counted of crashes, a row each, as the relation `metrics`; with the figure
    that the totals have of it, if they are given. -#}
{% macro cross_join_metrics(totals=none) -%}
    cross join lateral (
        values
        {%- for name in total_names() %}
        ('{{ name }}', {{ totals ~ "." ~ name if totals else "null" }})
        {{- "," if not loop.last }}
        {%- endfor %}
    ) as metrics (metric, figure)
{%- endmacro %}
