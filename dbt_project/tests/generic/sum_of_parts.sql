{#- A total is the sum of its parts. One that is null counts nothing, the total
    too. -#}
{% test sum_of_parts(model, column_name, parts) %}

select *
from {{ model }}
where {{ differs_from_sum(column_name, parts) }}

{% endtest %}
