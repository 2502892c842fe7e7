{#- The newest value of a column is not older, by so many days, than the newest
    of another: a portal that goes on writing but brings no new crashes shows. -#}
{% test recency(model, column_name, compare_to, days) %}

with

newest as (

    select
        max({{ column_name }}) as newest_value,
        max({{ compare_to }}) as compared_value
    from {{ model }}

)

select
    newest_value,
    compared_value
from newest
where newest_value < compared_value - interval '{{ days }} days'

{% endtest %}
