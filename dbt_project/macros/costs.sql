{#- What a crash cost: its people by their injuries, or, where nobody was hurt, its
    motor vehicles. Who was hurt in an unknown way costs nothing here, and neither
    does a crash that does not say whether somebody was. -#}
{% macro cost_of_crash(cost) -%}
    cast(
            coalesce(people.{{ cost }}, 0)
            + case
                when
                    coalesce(people.people_hurt, 0) = 0
                    and classified.severity = 'O'
                    then
                        coalesce(vehicles.motor_vehicles, 0)
                        * vehicle_costs.{{ cost }}
                else 0
            end
            as bigint
        )
{%- endmacro %}
