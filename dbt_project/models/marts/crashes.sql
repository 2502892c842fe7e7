-- One row is a crash that the Chicago police reported.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    indexes=spatial_indexes("geom")
    + indexes_on("crash_record_id", ["ward", "community_area", "police_beat"])
    + range_index_on("crash_date"),
    pre_hook="{{ forget_changed(is_of_changed_crashes('crash_record_id')) }}"
) }}

with

crashes as (

    select * from {{ ref("stg_crashes") }}
    where
        _deleted_at is null
        and {{ is_of_changed_crashes("crash_record_id") }}

),

people as (

    select * from {{ ref("int_people_per_crash") }}

),

vehicles as (

    select * from {{ ref("int_vehicles_per_crash") }}

),

places as (

    select * from {{ ref("int_crash_places") }}

),

nearest_signals as (

    select * from {{ ref("int_nearest_signals") }}

),

publication as (

    select * from {{ ref("int_publication") }}

),

vehicle_costs as (

    select
        economic_cost_usd,
        economic_cost_usd + qaly_cost_usd as comprehensive_cost_usd
    from {{ ref("injury_costs") }}
    where per = 'vehicle'

),

classified as (

    select
        *,
        {{ severity("most_severe_injury") }} as severity
    from crashes

),

final as (

    select
        classified.crash_record_id,
        classified.crash_date_est_i,
        classified.crash_date as crashed_at,
        cast(classified.crash_date as date) as crash_date,
        classified.posted_speed_limit,
        classified.traffic_control_device,
        classified.device_condition,
        classified.weather_condition,
        classified.lighting_condition,
        classified.first_crash_type,
        classified.trafficway_type,
        classified.lane_cnt,
        classified.alignment,
        classified.roadway_surface_cond,
        classified.road_defect,
        classified.report_type,
        classified.crash_type,
        classified.intersection_related_i,
        classified.private_property_i,
        classified.hit_and_run_i,
        classified.damage,
        classified.date_police_notified,
        classified.prim_contributory_cause,
        classified.sec_contributory_cause,
        classified.street_no,
        classified.street_direction,
        classified.street_name,
        classified.beat_of_occurrence,
        classified.photos_taken_i,
        classified.statements_taken_i,
        classified.dooring_i,
        classified.work_zone_i,
        classified.work_zone_type,
        classified.workers_present_i,
        classified.num_units,
        classified.most_severe_injury,
        classified.injuries_total,
        classified.injuries_fatal,
        classified.injuries_incapacitating,
        classified.injuries_non_incapacitating,
        classified.injuries_reported_not_evident,
        classified.injuries_no_indication,
        classified.injuries_unknown,
        classified.crash_hour,
        classified.crash_day_of_week,
        classified.crash_month,
        classified.latitude,
        classified.longitude,
        classified.location,
        classified.severity,
        {{ severity_score("classified.severity") }} as severity_score,
        {{ is_ksi("classified.severity") }} as is_ksi,
        coalesce(people.severity, 'U') as severity_from_people,
        coalesce(people.people_count, 0) as people_count,
        coalesce(vehicles.vehicle_count, 0) as vehicle_count,
        coalesce(people.pedestrians, 0) as pedestrians,
        coalesce(people.cyclists, 0) as cyclists,
        coalesce(people.children_injured, 0) as children_injured,
        coalesce(people.people_of_unknown_severity, 0)
            as people_of_unknown_severity,
        {{ cost_of_crash("economic_cost_usd") }} as economic_cost_usd,
        {{ cost_of_crash("comprehensive_cost_usd") }} as comprehensive_cost_usd,
        classified.coordinate_quality,
        places.ward,
        places.community_area,
        places.police_beat,
        nearest_signals.signal_id as nearest_signal_id,
        nearest_signals.distance_ft as nearest_signal_distance_ft,
        nearest_signals.distance_ft
        <= {{ feet_of_metres(var("proximity_radius_m")) }} as is_near_signal,
        classified.has_implausible_date,
        classified.first_seen_at,
        classified.last_amended_at,
        case
            when not classified.has_implausible_date
                then
                    cast(classified.crash_date as date)
                    >= publication.provisional_since
        end as is_provisional,
        classified.geom,
        {{ point_in_degrees("classified.longitude", "classified.latitude") }}
            as geom_4326
    from classified
    cross join vehicle_costs
    cross join publication
    left join people
        on classified.crash_record_id = people.crash_record_id
    left join vehicles
        on classified.crash_record_id = vehicles.crash_record_id
    left join places
        on classified.crash_record_id = places.crash_record_id
    left join nearest_signals
        on classified.crash_record_id = nearest_signals.crash_record_id

)

select * from final
{{ in_the_order_of("crash_date") }}
