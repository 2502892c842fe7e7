-- One row is a value of a category column that the City's list has not.
with

{% for dataset in ["crashes", "people", "vehicles", "fatalities"] %}
{{ dataset }} as (

    {{ unlisted_values(dataset, ref("stg_" ~ dataset)) }}

),

{% endfor -%}
unlisted as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles
    union all
    select * from fatalities

),

final as (

    select
        dataset,
        column_name,
        value,
        count(*) as records
    from unlisted
    group by dataset, column_name, value

)

select * from final
