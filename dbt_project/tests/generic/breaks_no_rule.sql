{#- No record of a model breaks a rule, by what `contradictions` found. -#}
{% test breaks_no_rule(model, dataset, key, rule) %}

select records.*
from {{ model }} as records
inner join {{ ref("contradictions") }} as contradictions
    on
        records.{{ key }} = contradictions.record_key
        and contradictions.dataset = '{{ dataset }}'
        and contradictions.rule_broken = '{{ rule }}'

{% endtest %}
