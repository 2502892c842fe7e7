{#- No month between two others has far fewer or more rows than they have on
    average: a month lost or loaded twice shows. Months whose neighbours have
    few rows say little. -#}
{% test steady_month_counts(
    model, column_name, min_ratio, max_ratio, at_least
) %}

with

months as (

    select
        cast(date_trunc('month', {{ column_name }}) as date) as month,
        count(*) as row_count
    from {{ model }}
    where {{ column_name }} is not null
    group by cast(date_trunc('month', {{ column_name }}) as date)

),

compared as (

    select
        month,
        row_count,
        (
            lag(row_count) over (order by month)
            + lead(row_count) over (order by month)
        ) / 2.0 as mean_of_neighbours
    from months

)

select
    month,
    row_count,
    mean_of_neighbours
from compared
where
    mean_of_neighbours >= {{ at_least }}
    and row_count / mean_of_neighbours
    not between {{ min_ratio }} and {{ max_ratio }}

{% endtest %}
