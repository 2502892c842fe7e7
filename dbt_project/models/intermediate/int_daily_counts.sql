-- One row is a day and a value of a dimension that a crash of the day had.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    pre_hook="{{ forget_changed(is_of_changed_days('crash_date')) }}"
) }}

with

crashes as (

    select * from {{ ref("crashes") }}
    where
        crash_date is not null
        and not has_implausible_date
        and {{ is_of_changed_days("crash_date") }}

),

valued as (

    select
        crashes.crash_date,
        dimensions.dimension,
        dimensions.value,
        crashes.injuries_total,
        crashes.injuries_fatal,
        crashes.injuries_incapacitating
    from crashes
    {{ cross_join_daily_dimensions("crashes") }}
    where dimensions.value is not null

),

final as (

    select
        valued.crash_date,
        valued.dimension,
        valued.value,
        {{ people_totals("valued") }}
    from valued
    group by valued.crash_date, valued.dimension, valued.value

)

select * from final
