{#- Two sources count about the same in each year: their ratio stays between two
    values. Years in which the other counts few say little. -#}
{% test near_by_year(
    model, column_name, compare_to, compare_expression,
    min_ratio, max_ratio, at_least
) %}

with

ours as (

    select
        extract(year from crash_date) as year,
        sum({{ column_name }}) as total
    from {{ model }}
    group by extract(year from crash_date)

),

theirs as (

    select
        extract(year from crash_date) as year,
        sum({{ compare_expression }}) as total
    from {{ compare_to }}
    group by extract(year from crash_date)

)

select
    theirs.year,
    coalesce(ours.total, 0) as total,
    theirs.total as compared_total
from theirs
left join ours
    on theirs.year = ours.year
where
    theirs.total >= {{ at_least }}
    and coalesce(ours.total, 0) / cast(theirs.total as double precision)
    not between {{ min_ratio }} and {{ max_ratio }}

{% endtest %}
