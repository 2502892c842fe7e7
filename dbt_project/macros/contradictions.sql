{#- The columns that injuries_total counts. -#}
{% macro injury_parts() -%}
    {{ return([
        "injuries_fatal",
        "injuries_incapacitating",
        "injuries_non_incapacitating",
        "injuries_reported_not_evident",
    ]) }}
{%- endmacro %}


{#- Whether a total is not the sum of its parts. A part that is null counts
    nothing; a total that is null says nothing. -#}
{% macro differs_from_sum(total, parts) -%}
    coalesce({{ total }}, 0) <> (
        {%- for part in parts %}
        {{ "+ " if not loop.first }}coalesce({{ part }}, 0)
        {%- endfor %}
    )
{%- endmacro %}


{#- Whether the text of a place is not that of the pair of numbers beside it,
    as they were reported; null where one of them is missing. -#}
{% macro is_located_elsewhere(rules) -%}
    {%- set within_m = rule_of(rules, "location").parameters.within_m -%}
    case
            when
                location is not null
                and latitude is not null
                and longitude is not null
                then coalesce(
                    {{ metres_apart("location", "longitude", "latitude") }}
                    > {{ within_m or 0 }},
                    true
                )
        end
{%- endmacro %}


{#- How far a text such as `POINT (-87.6 41.8)` is from a pair of numbers, in
    metres. A degree of latitude is 111 195 m, one of longitude less by the
    cosine of the latitude: over a few metres the earth is flat enough. -#}
{% macro metres_apart(point, longitude, latitude) -%}
    {%- set degrees = "-?[0-9]{1,3}([.][0-9]{1,30})?" -%}
    case
            when
                {{ point }} ~ '^POINT *[(]{{ degrees }} {{ degrees }}[)]$'
                then 111195 * sqrt(
                    power(
                        cast(
                            rtrim(split_part({{ point }}, ' ', -1), ')')
                            as double precision
                        )
                        - {{ latitude }},
                        2
                    )
                    + power(
                        (
                            cast(
                                split_part(
                                    split_part({{ point }}, '(', 2), ' ', 1
                                ) as double precision
                            )
                            - {{ longitude }}
                        )
                        * cos(radians({{ latitude }})),
                        2
                    )
                )
        end
{%- endmacro %}
