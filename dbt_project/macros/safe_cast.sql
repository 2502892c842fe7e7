{#- PostgreSQL's catalog names the type of a geometry by no name that can be cast to:
    dbt's unit tests could not give a null of it. -#}
{% macro postgres__safe_cast(field, type) -%}
    cast({{ field }} as {{ "geometry" if type == "USER-DEFINED" else type }})
{%- endmacro %}
