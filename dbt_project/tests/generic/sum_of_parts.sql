{#- A total is the sum of its parts. A part that is null counts nothing; a total
    that is null says nothing. -#}
{% test sum_of_parts(model, column_name, parts) %}

select *
from {{ model }}
where {{ differs_from_sum(column_name, parts) }}

{% endtest %}
