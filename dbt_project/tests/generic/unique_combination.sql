{#- No two rows agree in all of these columns. -#}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(",\n    ") }},
    count(*) as row_count
from {{ model }}
group by
    {{ columns | join(",\n    ") }}
having count(*) > 1

{% endtest %}
