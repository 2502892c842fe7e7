{#- A column has the value that the record which it belongs to has. -#}
{% test agrees_with(model, column_name, to, key) %}

select
    child.*,
    parent.{{ column_name }} as value_of_other
from {{ model }} as child
inner join {{ to }} as parent
    on child.{{ key }} = parent.{{ key }}
where child.{{ column_name }} <> parent.{{ column_name }}

{% endtest %}
