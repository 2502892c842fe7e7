-- One row is a day and a value of a dimension, also where no crash had it.
{{ config(indexes=indexes_on("crash_date", ["dimension, value, crash_date"])) }}

with

crashes as (

    select * from {{ ref("crashes") }}
    where crash_date is not null

),

{% for dimension, value in daily_dimensions().items() -%}
by_{{ dimension }} as (

    select
        crash_date,
        '{{ dimension }}' as dimension,
        coalesce({{ value }}, 'NOT STATED') as value,
        {{ people_totals("crashes") }}
    from crashes
    group by crash_date, coalesce({{ value }}, 'NOT STATED')

),

{% endfor -%}
-- A crash with both a pedestrian and a cyclist is one of each.
{% for road_user, condition in road_users().items() -%}
with_{{ road_user | lower }} as (

    select
        crash_date,
        'road_user' as dimension,
        '{{ road_user | replace("_", " ") }}' as value,
        {{ people_totals("crashes") }}
    from crashes
    where {{ condition }}
    group by crash_date

),

{% endfor -%}
counted as (
    {% for dimension in daily_dimensions() %}
    select * from by_{{ dimension }}
    union all
    {%- endfor %}
    {%- for road_user in road_users() %}
    select * from with_{{ road_user | lower }}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

dimension_values as (

    select distinct
        dimension,
        value
    from counted

),

days as (

    select crash_date from {{ ref("crashes_daily") }}

),

final as (

    select
        days.crash_date,
        dimension_values.dimension,
        dimension_values.value,
        {{ people_totals_or_zero("counted") }}
    from days
    cross join dimension_values
    left join counted
        on
            days.crash_date = counted.crash_date
            and dimension_values.dimension = counted.dimension
            and dimension_values.value = counted.value

)

select * from final
