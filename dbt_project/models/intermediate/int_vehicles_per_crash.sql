-- One row is a crash with at least one recorded unit.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    indexes=indexes_on("crash_record_id", []),
    pre_hook="{{ forget_changed(is_of_changed_crashes('crash_record_id')) }}"
) }}

with

vehicles as (

    select * from {{ ref("stg_vehicles") }}
    where
        _deleted_at is null
        and {{ is_of_changed_crashes("crash_record_id") }}

),

final as (

    select
        crash_record_id,
        cast(count(*) as integer) as vehicle_count,
        cast(
            count(*) filter (
                where
                unit_type is null
                or unit_type not in (
                    'PEDESTRIAN',
                    'BICYCLE',
                    'NON-MOTOR VEHICLE',
                    'NON-CONTACT VEHICLE',
                    'EQUESTRIAN'
                )
            )
            as integer
        ) as motor_vehicles
    from vehicles
    where crash_record_id is not null
    group by crash_record_id

)

select * from final
