-- One row is a span of days, up to the last publication, and a figure of it.
{%- set spans = {
    "today": "published_until",
    "last_7_days": "published_until - 6",
    "last_30_days": "published_until - 29",
    "last_365_days": "published_until - 364",
    "year_to_date": "cast(date_trunc('year', published_until) as date)",
} %}
with

crashes as (

    select * from {{ ref("crashes") }}
    where not has_implausible_date

),

publication as (

    select * from {{ ref("int_publication") }}

),

spans as (
    {% for span, first_day in spans.items() %}
    select
        '{{ span }}' as span,
        {{ first_day }} as first_day,
        published_until as last_day
    from publication
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

-- The 29th of February is held against the 28th.
both_years as (

    select
        span,
        first_day,
        last_day,
        false as is_year_before
    from spans
    union all
    select
        span,
        cast(first_day - interval '1 year' as date) as first_day,
        cast(last_day - interval '1 year' as date) as last_day,
        true as is_year_before
    from spans

),

totals as (

    select
        both_years.span,
        both_years.is_year_before,
        {{ crash_totals("crashes") }}
    from both_years
    inner join crashes
        on
            crashes.crash_date between
            both_years.first_day and both_years.last_day
    group by both_years.span, both_years.is_year_before

),

figures as (

    select
        totals.span,
        totals.is_year_before,
        figures.metric,
        figures.value
    from totals
    cross join lateral (
        values
        {%- for name in total_names() %}
        ('{{ name }}', totals.{{ name }})
        {{- "," if not loop.last }}
        {%- endfor %}
    ) as figures (metric, value)

),

metrics as (
    {% for name in total_names() %}
    select '{{ name }}' as metric
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

compared as (

    select
        spans.span,
        metrics.metric,
        spans.first_day,
        spans.last_day,
        coalesce(these.value, 0) as value,
        coalesce(those.value, 0) as value_year_before
    from spans
    cross join metrics
    left join figures as these
        on
            spans.span = these.span
            and metrics.metric = these.metric
            and not these.is_year_before
    left join figures as those
        on
            spans.span = those.span
            and metrics.metric = those.metric
            and those.is_year_before

),

final as (

    select
        compared.span,
        compared.metric,
        compared.first_day,
        compared.last_day,
        compared.value,
        compared.value_year_before,
        compared.value - compared.value_year_before as difference,
        {{ share(
            "compared.value - compared.value_year_before",
            "compared.value_year_before"
        ) }} as change_share,
        compared.last_day >= publication.provisional_since as is_provisional
    from compared
    cross join publication

)

select * from final
