{#- A column adds up to the number of another model's rows. -#}
{% test same_total_as_rows_of(model, column, compare_to) %}

with

totals as (

    select
        (select coalesce(sum({{ column }}), 0) from {{ model }}) as total,
        (select count(*) from {{ compare_to }}) as row_count

)

select
    total,
    row_count
from totals
where total <> row_count

{% endtest %}
