{#- What a crash cost: its people by their injuries, or, where nobody was hurt, its
    vehicles. Who was hurt in an unknown way costs nothing here. -#}
{% macro cost_of_crash(cost) -%}
    cast(
            coalesce(people.{{ cost }}, 0)
            + case
                when coalesce(people.people_hurt, 0) = 0
                    then
                        coalesce(vehicles.vehicle_count, 0)
                        * vehicle_costs.{{ cost }}
                else 0
            end
            as bigint
        )
{%- endmacro %}
