{#-
    The rules that the rows of a relation break, a row each. Few rows break one,
    so all are looked through once, and those alone are held against each rule.
-#}
{% macro broken_rules(dataset, relation, key, rules) -%}
    select
        '{{ dataset }}' as dataset,
        {{ relation }}.{{ key }} as record_key,
        held.rule_broken
    from {{ relation }}
    cross join lateral (
        values
        {%- for rule, is_broken in rules.items() %}
        ('{{ rule }}', {{ is_broken }}){{ "," if not loop.last }}
        {%- endfor %}
    ) as held (rule_broken, is_broken)
    where
        held.is_broken
        and (
            {%- for is_broken in rules.values() %}
            {{ "or " if not loop.first }}({{ is_broken }})
            {%- endfor %}
        )
{%- endmacro %}


{#- The condition for the findings of records that are held against the rules
    again: those of which something changed since the last build, and of a crash
    of which something did; and all deaths, which are few. -#}
{% macro is_held_again() -%}
    dataset = 'fatalities'
    or (
        dataset = 'crashes'
        and {{ is_of_changed_crashes("record_key") }}
    )
    or (
        dataset = 'people'
        and {{ is_person_held_again("record_key") }}
    )
    or (rule_broken = '{{ vehicle_is_known() }}' and {{ is_read("vehicles") }})
    or (
        dataset = 'vehicles'
        and {{ is_vehicle_held_again("record_key") }}
    )
{%- endmacro %}


{#- The rule of people that any vehicle may break or mend, whichever crash it is of. -#}
{% macro vehicle_is_known() -%}
    the vehicle is known
{%- endmacro %}


{#- Where vehicles changed, all whose vehicle is none of them are held again too. -#}
{% macro is_person_held_again(column) -%}
    {%- set people = ref("stg_people") -%}
    {%- set vehicles = ref("stg_vehicles") -%}
    {%- set keys = changed_keys("people", "person_id") -%}
    {%- if is_incremental() -%}
        {{ column }} in (
            {{ keys }}
            union
            select held.person_id
            from {{ people }} as held
            where {{ is_of_changed_crashes("held.crash_record_id") }}
            {%- if "vehicles" in last_build() %}
            union
            select held.person_id
            from {{ people }} as held
            left join {{ vehicles }} as known
                on held.vehicle_id = known.vehicle_id and known._deleted_at is null
            where held.vehicle_id is not null and known.vehicle_id is null
            {%- endif %}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro is_vehicle_held_again(column) -%}
    {%- set vehicles = ref("stg_vehicles") -%}
    {%- set keys = changed_keys("vehicles", "crash_unit_id") -%}
    {%- if is_incremental() -%}
        {{ column }} in (
            {{ keys }}
            union
            select held.crash_unit_id
            from {{ vehicles }} as held
            where {{ is_of_changed_crashes("held.crash_record_id") }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


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
    nothing, a total that is null too. -#}
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
    cosine of the latitude: over a few metres the earth is flat enough. Null
    where one of the two is no place on earth. -#}
{% macro metres_apart(point, longitude, latitude) -%}
    case
            when
                {{ point_longitude(point) }} is not null
                and {{ latitude }} between -90 and 90
                and {{ longitude }} between -180 and 180
                then 111195 * sqrt(
                    {{ squared(point_latitude(point) ~ " - " ~ latitude) }}
                    + {{ squared(
                        "(" ~ point_longitude(point) ~ " - " ~ longitude ~ ")"
                        ~ " * cos(radians(" ~ latitude ~ "))"
                    ) }}
                )
        end
{%- endmacro %}


{#- The square of a difference; of one too small to matter none, because
    PostgreSQL fails where a square is too small for it. -#}
{% macro squared(difference) -%}
    case
                        when abs({{ difference }}) > 1e-12
                            then power({{ difference }}, 2)
                        else 0
                    end
{%- endmacro %}


{#- The two numbers of a text such as `POINT (-87.6 41.8)`; null where it is no
    such text. -#}
{% macro point_longitude(text) -%}
    {{ number_of_point(text, "split_part(split_part(" ~ text ~ ", '(', 2), ' ', 1)") }}
{%- endmacro %}


{% macro point_latitude(text) -%}
    {{ number_of_point(text, "rtrim(split_part(" ~ text ~ ", ' ', -1), ')')") }}
{%- endmacro %}


{% macro number_of_point(text, number) -%}
    {%- set degrees = "-?[0-9]{1,3}([.][0-9]{1,30})?" -%}
    case
                        when {{ text }} ~ '^POINT *[(]{{ degrees }} {{ degrees }}[)]$'
                            then cast({{ number }} as double precision)
                    end
{%- endmacro %}
