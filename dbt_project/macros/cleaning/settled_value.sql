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


{#- The pair of coordinates as a point in EPSG:3435, where it is within the rules'
    bounds: further off the projection may not be defined. -#}
{% macro point_of_pair(rules) -%}
    {%- if rules and "latitude" not in rules -%}
        {%- set place = rule_of(rules, "location").parameters -%}
        {%- set lat = {"min": place.south, "max": place.north} -%}
        {%- set lon = {"min": place.west, "max": place.east} -%}
    {%- else -%}
        {%- set lat = rule_of(rules, "latitude").parameters -%}
        {%- set lon = rule_of(rules, "longitude").parameters -%}
    {%- endif -%}
    case
            when
                latitude between {{ lat.min or -90 }} and {{ lat.max or 90 }}
                and longitude
                between {{ lon.min or -180 }} and {{ lon.max or 180 }}
                then {{ point_in_feet("longitude", "latitude") }}
        end
{%- endmacro %}


{#- How far a pair of coordinates can be used; see the column's description. The
    `point` beside it is `point_of_pair`. -#}
{% macro coordinate_quality(rules, outline=none) -%}
    {%- if outline -%}
        {%- set within_ft = rule_of(rules, "latitude").parameters.within_ft -%}
    {%- endif -%}
    case
            when latitude is null or longitude is null then 'missing'
            when latitude = 0 and longitude = 0 then 'zero'
            when point is null then 'out_of_bounds'
            {%- if outline %}
            when not {{ is_within_ft(outline, "point", within_ft or 0) }}
                then 'outside_city'
            {%- endif %}
            else 'ok'
        end
{%- endmacro %}
