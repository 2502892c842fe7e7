-- One row is a crash with at least one recorded unit.
with

vehicles as (

    select * from {{ ref("stg_vehicles") }}
    where _deleted_at is null

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
