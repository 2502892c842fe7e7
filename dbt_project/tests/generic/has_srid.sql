{#- Each geometry is in the spatial reference that its column is to have. -#}
{% test has_srid(model, column_name, srid) %}

select *
from {{ model }}
where {{ srid_of(column_name) }} <> {{ srid }}

{% endtest %}
