{#- A summarised column adds up to the total of what it summarises. -#}
{% test same_total_as(
    model, column_name, compare_to, expression, compare_where
) %}

with

totals as (

    select
        (select coalesce(sum({{ column_name }}), 0) from {{ model }})
            as total,
        (
            select coalesce(sum({{ expression }}), 0)
            from {{ compare_to }}
            where {{ compare_where }}
        ) as expected_total

)

select
    total,
    expected_total
from totals
where total <> expected_total

{% endtest %}
