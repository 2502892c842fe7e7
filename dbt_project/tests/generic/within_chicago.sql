{#- Each point in EPSG:3435 is in or next to the city, which reaches from 1 091 000
    to 1 206 000 ft east and from 1 813 000 to 1 952 000 ft north; a point in
    degrees or metres, or with its axes exchanged, is far from there. -#}
{% test within_chicago(model, column_name) %}

select *
from {{ model }}
where
    st_x({{ column_name }}) not between 1080000 and 1220000
    or st_y({{ column_name }}) not between 1800000 and 1970000

{% endtest %}
