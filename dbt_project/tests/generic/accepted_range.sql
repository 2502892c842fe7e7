{#- A column lies between two values, or all the numbers of a dataset between
    those of their cleaning rules. Null is in any range. -#}
{% test accepted_range(
    model, column_name=none, min_value=none, max_value=none, dataset=none
) %}

{%- set ranges = {} -%}
{%- if dataset -%}
    {%- for column, rule in cleaning_rules(dataset).items()
        if rule.kind in ["integer", "quantity", "number"] -%}
        {%- do ranges.update(
            {column: [rule.parameters.min, rule.parameters.max]}
        ) -%}
    {%- endfor -%}
{%- else -%}
    {%- do ranges.update({column_name: [min_value, max_value]}) -%}
{%- endif %}

select *
from {{ model }}
where
    false
    {%- for column, bounds in ranges.items() %}
    or {{ column }} not between {{ bounds[0] }} and {{ bounds[1] }}
    {%- endfor %}

{% endtest %}
