{#- The model has as many rows as another, or as those of them in question: its
    joins neither lost nor doubled one. -#}
{% test same_row_count_as(model, compare_to, compare_where="true") %}

with

counted as (

    select
        (select count(*) from {{ model }}) as row_count,
        (
            select count(*)
            from {{ compare_to }}
            where {{ compare_where }}
        ) as expected_row_count

)

select
    row_count,
    expected_row_count
from counted
where row_count <> expected_row_count

{% endtest %}
