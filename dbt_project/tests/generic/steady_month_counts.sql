{#- No month between two others has far fewer or more rows than they have on
    average: a month lost or loaded twice shows. Months whose neighbours have
    few rows say little, and so does the newest, which is still to be filled. -#}
{% test steady_month_counts(
    model, column_name, min_ratio, max_ratio, at_least
) %}

with

dated as (

    select
        cast(extract(year from {{ column_name }}) as integer) * 12
        + cast(extract(month from {{ column_name }}) as integer)
        - 1 as month_number
    from {{ model }}
    where {{ column_name }} is not null

),

months as (

    select
        month_number,
        count(*) as row_count,
        max(month_number) over () as newest_month
    from dated
    group by month_number

),

neighbours as (

    select
        month_number,
        row_count,
        lag(row_count) over (order by month_number) as count_before,
        lead(row_count) over (order by month_number) as count_after,
        lead(month_number) over (order by month_number) as month_after
    from months
    where month_number < newest_month

),

compared as (

    select
        month_number,
        row_count,
        (count_before + count_after) / 2.0 as mean_of_neighbours
    from neighbours
    union all
    select
        month_number + 1 as month_number,
        0 as row_count,
        (row_count + count_after) / 2.0 as mean_of_neighbours
    from neighbours
    where month_after > month_number + 1

)

select
    cast(floor(month_number / 12.0) as integer) as year,
    month_number % 12 + 1 as month,
    row_count,
    mean_of_neighbours
from compared
where
    mean_of_neighbours >= {{ at_least }}
    and row_count / mean_of_neighbours
    not between {{ min_ratio }} and {{ max_ratio }}

{% endtest %}
