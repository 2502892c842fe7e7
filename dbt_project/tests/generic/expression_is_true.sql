{#- What the expression says holds in each row; where it is null it says
    nothing. -#}
{% test expression_is_true(model, expression) %}

select *
from {{ model }}
where not ({{ expression }})

{% endtest %}
