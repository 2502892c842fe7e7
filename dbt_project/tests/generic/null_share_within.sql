{#- The share of a column's nulls, from 0 to 1, lies between two values. -#}
{% test null_share_within(model, column_name, min_share, max_share) %}

with

counted as (

    select
        count(*) as row_count,
        1 - cast(count({{ column_name }}) as double precision)
        / nullif(count(*), 0) as null_share
    from {{ model }}

)

select
    row_count,
    null_share
from counted
where null_share not between {{ min_share }} and {{ max_share }}

{% endtest %}
