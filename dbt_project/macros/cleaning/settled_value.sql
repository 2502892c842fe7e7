{#- The cleaned columns once more, with what other columns say of them. -#}
{% macro settled_values(rules) -%}
    {%- for column, rule in rules.items() %}
        {{ settled_value(rule) }} as {{ column }},
    {%- endfor %}
        {{ changes(rules) }} as _cleaned
{%- endmacro %}


{% macro settled_value(rule) -%}
    {%- set column = rule.column -%}
    {%- set parameters = rule.parameters -%}
    {%- if rule.kind in ("latitude", "longitude") -%}
        case when coordinate_quality = 'ok' then {{ column }} end
    {%- elif rule.kind == "vehicle_year" -%}
        case
            when
                {{ column }} <= least(
                    coalesce(
                        extract(year from crash_date)
                        + {{ parameters.after_crash }},
                        {{ parameters.max }}
                    ),
                    {{ parameters.max }}
                )
                then {{ column }}
        end
    {%- elif rule.kind == "timestamp" and parameters.keep != "yes" -%}
        case when {{ is_plausible(rule) }} then {{ column }} end
    {%- else -%}
        {{ column }}
    {%- endif -%}
{%- endmacro %}


{#- Neither before the rule's day nor after its other, which may be the fetch; a
    bound that the rule has not is none. -#}
{% macro is_plausible(rule) -%}
    {%- set first = rule.parameters.not_before or "0001-01-01" -%}
    {%- set last = rule.parameters.not_after or "9999-12-31" -%}
    {{ rule.column }} between timestamp '{{ first }}' and
                {%- if last == "fetch" %}
                coalesce(fetched_at, timestamp '9999-12-31')
                {%- else %}
                timestamp '{{ last }}'
                {%- endif %}
{%- endmacro %}


{#- Whether a time that is kept all the same is out of its bounds. -#}
{% macro is_implausible(rules, column) -%}
    {%- set rule = rule_of(rules, column) -%}
    {%- if rules -%}
        coalesce(not ({{ is_plausible(rule) }}), false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}


{#- How far a pair of coordinates can be used; see the column's description. -#}
{% macro coordinate_quality(rules, outline) -%}
    {%- set lat = rule_of(rules, "latitude").parameters -%}
    {%- set lon = rule_of(rules, "longitude").parameters -%}
    case
            when latitude is null or longitude is null then 'missing'
            when latitude = 0 and longitude = 0 then 'zero'
            {%- if rules %}
            when
                latitude not between {{ lat.min }} and {{ lat.max }}
                or longitude not between {{ lon.min }} and {{ lon.max }}
                then 'out_of_bounds'
            {%- endif %}
            when
                not {{ is_within_ft(
                    outline, point_in_feet("longitude", "latitude"),
                    lat.within_ft or 0
                ) }}
                then 'outside_city'
            else 'ok'
        end
{%- endmacro %}
