-- One row is a span of days, up to the last publication, and a figure of it.
with

crashes as (

    select * from {{ ref("crashes") }}
    where not has_implausible_date

),

publication as (

    select * from {{ ref("int_publication") }}

),

-- The 29th of February is held against the 28th.
last_days as (

    select
        published_until as last_day,
        false as is_year_before
    from publication
    union all
    select
        cast(published_until - interval '1 year' as date) as last_day,
        true as is_year_before
    from publication

),

-- As many days a year before, also where a 29th of February lies between.
both_years as (

    select
        spans.span,
        spans.first_day,
        last_days.last_day,
        last_days.is_year_before
    from last_days
    {{ cross_join_spans("last_days.last_day") }}

),

spans as (

    select * from both_years
    where not is_year_before

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
        metrics.metric,
        metrics.figure
    from totals
    {{ cross_join_metrics("totals") }}

),

compared as (

    select
        spans.span,
        metrics.metric,
        spans.first_day,
        spans.last_day,
        coalesce(these.figure, 0) as figure,
        coalesce(those.figure, 0) as figure_year_before
    from spans
    {{ cross_join_metrics() }}
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
        compared.figure,
        compared.figure_year_before,
        compared.figure - compared.figure_year_before as difference,
        {{ share(
            "compared.figure - compared.figure_year_before",
            "compared.figure_year_before"
        ) }} as change_share,
        compared.last_day >= publication.provisional_since as is_provisional
    from compared
    cross join publication

)

select * from final
