with injured as (
    select
        crash_no,
        count(*) filter (where injury = 'FATAL') as fatal,
        count(*) filter (where injury = 'INCAPACITATING INJURY')
            as incapacitating,
        count(*) filter (where injury = 'NONINCAPACITATING INJURY') as evident,
        count(*) filter (where injury = 'REPORTED, NOT EVIDENT') as reported,
        count(*) filter (where injury = 'NO INDICATION OF INJURY') as unhurt
    from person_facts
    group by crash_no
),

crash as (
    select
        c.*,
        i.* exclude (crash_no),
        i.fatal + i.incapacitating + i.evident + i.reported as injured,
        month(c.day) as month_no,
        coalesce(here.beat, own.beat) as beat,
        -- sunrise and sunset by month, in hours of the clock on the wall
        c.hour + 0.5
            - [7.2, 6.8, 6.9, 6.2, 5.5, 5.3, 5.5, 6.0, 6.5, 7.0, 6.6,
            7.1][month(c.day)]
            as hours_after_sunrise,
        [16.7, 17.4, 18.6, 19.5, 20.0, 20.4, 20.4, 19.8, 18.9, 18.1, 16.7,
            16.3][month(c.day)]
        - c.hour - 0.5 as hours_before_sunset,
        case
            when month(c.day) in (12, 1, 2)
                then pick_weather_winter(chance(hash(c.day, c.hour // 6,
                    seed()), 'weather'))
            else pick_weather_summer(chance(hash(c.day, c.hour // 6, seed()),
                'weather'))
        end as weather_of_the_hour,
        pick_traffic_control_device(chance(c.k, 'control')) as any_control,
        yes_or_no(c.k, 'work zone', 0.006, 0.0015) as work_zone,
        chance(c.k, 'place lost') as lost,
        latitude_of(c.y) as lat,
        longitude_of(c.x) as lon
    from crash_facts as c
    left join injured as i using (crash_no)
    left join cells as here
        on cell_at(c.x) = here.column_no and cell_at(c.y) = here.row_no
    left join cells as own
        on c.column_no = own.column_no and c.row_no = own.row_no
),

seen as (
    select
        *,
        case
            when chance(k, 'weather seen') < 0.04 then 'UNKNOWN'
            when chance(k, 'weather seen') < 0.10
                then pick_weather_summer(chance(k, 'weather'))
            else weather_of_the_hour
        end as weather,
        case
            when at_crossing and traffic >= 3 and chance(k, 'signal') < 0.55
                then 'TRAFFIC SIGNAL'
            when not at_crossing and any_control = 'TRAFFIC SIGNAL'
                then 'NO CONTROLS'
            else any_control
        end as control,
        case
            when lost < 0.0075 then 'missing'
            when column_no < -21 and lost < 0.15 then 'missing'
            when lost > 0.9996 then 'zero'
            when lost > 0.99955 then 'elsewhere'
            else 'ok'
        end as place
    from crash
),

pointed as (
    select
        *,
        case place when 'missing' then null when 'zero' then 0.0
            when 'elsewhere' then 40.1106 else lat
        end as point_lat,
        case place when 'missing' then null when 'zero' then 0.0
            when 'elsewhere' then -88.2073 else lon
        end as point_lon
    from seen
)

select
    crash_record_id,
    pick_crash_date_est_i(chance(k, 'date estimated')) as crash_date_est_i,
    iso(crashed_at) as crash_date,
    case
        when chance(k, 'limit written') < 0.0003
            then pick_posted_speed_limit(chance(k, 'limit')) || '.0'
        else pick_posted_speed_limit(chance(k, 'limit'))
    end as posted_speed_limit,
    control as traffic_control_device,
    case control
        when 'NO CONTROLS' then 'NO CONTROLS'
        when 'UNKNOWN' then 'UNKNOWN'
        else pick_device_condition(chance(k, 'device condition'))
    end as device_condition,
    weather as weather_condition,
    case
        when abs(hours_after_sunrise) <= 0.5
            then pick_light_dawn(chance(k, 'light'))
        when abs(hours_before_sunset) <= 0.5
            then pick_light_dusk(chance(k, 'light'))
        when hours_after_sunrise > 0 and hours_before_sunset > 0
            then pick_light_day(chance(k, 'light'))
        else pick_light_night(chance(k, 'light'))
    end as lighting_condition,
    first_crash_type,
    case
        when at_crossing and chance(k, 'four way') < 0.2 then 'FOUR WAY'
        else pick_trafficway_type(chance(k, 'trafficway'))
    end as trafficway_type,
    case
        when day < date '2026-01-01' and chance(k, 'lanes') < 0.11
            then pick_lane_cnt(chance(k, 'lane count'))
    end as lane_cnt,
    pick_alignment(chance(k, 'alignment')) as alignment,
    case
        when weather in ('RAIN', 'FREEZING RAIN/DRIZZLE')
            then pick_surface_rain(chance(k, 'surface'))
        when weather in ('SNOW', 'BLOWING SNOW', 'SLEET/HAIL')
            then pick_surface_snow(chance(k, 'surface'))
        else pick_surface_clear(chance(k, 'surface'))
    end as roadway_surface_cond,
    pick_road_defect(chance(k, 'road defect')) as road_defect,
    pick_report_type(chance(k, 'report type')) as report_type,
    case
        when coalesce(injured, 0) > 0 or chance(k, 'towed') < 0.115
            then 'INJURY AND / OR TOW DUE TO CRASH'
        else 'NO INJURY / DRIVE AWAY'
    end as crash_type,
    case
        when at_crossing then yes_or_no(k, 'intersection', 0.5, 0.02)
        else yes_or_no(k, 'intersection', 0.02, 0.01)
    end as intersection_related_i,
    pick_private_property_i(chance(k, 'private')) as private_property_i,
    case first_crash_type
        when 'PARKED MOTOR VEHICLE' then yes_or_no(k, 'left', 0.55, 0.02)
        else yes_or_no(k, 'left', 0.24, 0.012)
    end as hit_and_run_i,
    pick_damage(chance(k, 'damage')) as damage,
    iso(crashed_at + to_minutes(
        case
            when chance(k, 'notified') < 0.72
                then one_of(k, 'notified within', 90)
            when chance(k, 'notified') < 0.9 then 60
                + one_of(k, 'notified in hours', 660)
            else 720 + one_of(k, 'notified in days', 10000)
        end
    )) as date_police_notified,
    pick_prim_contributory_cause(chance(k, 'first cause'))
        as prim_contributory_cause,
    pick_sec_contributory_cause(chance(k, 'second cause'))
        as sec_contributory_cause,
    greatest(1,
        round(case runs when 'ns' then number_at(y) else abs(x) * 800
        end))::integer
        as street_no,
    case
        when runs = 'ns' then case when y >= 0 then 'N' else 'S' end
        when x >= 0 then 'E'
        else 'W'
    end as street_direction,
    case when chance(k, 'street written') < 0.0003 then street || ' '
        else street end
        as street_name,
    case
        when chance(k, 'beat lost') < 0.00001 then null
        when chance(k, 'beat wrong') < 0.004 then beat + 1
        else beat
    end as beat_of_occurrence,
    pick_photos_taken_i(chance(k, 'photos')) as photos_taken_i,
    pick_statements_taken_i(chance(k, 'statements')) as statements_taken_i,
    case first_crash_type
        when 'PEDALCYCLIST' then yes_or_no(k, 'door', 0.12, 0.02)
        else yes_or_no(k, 'door', 0.002, 0.0015)
    end as dooring_i,
    work_zone as work_zone_i,
    case when work_zone = 'Y'
        then pick_work_zone_type(chance(k, 'work zone type')) end
        as work_zone_type,
    case when work_zone = 'Y' then yes_or_no(k, 'workers', 0.28, 0.02) end
        as workers_present_i,
    units as num_units,
    case
        when chance(k, 'worst unknown') < 0.0004 then null
        when fatal > 0 then 'FATAL'
        when incapacitating > 0 then 'INCAPACITATING INJURY'
        when evident > 0 then 'NONINCAPACITATING INJURY'
        when reported > 0 then 'REPORTED, NOT EVIDENT'
        when unhurt > 0 then 'NO INDICATION OF INJURY'
    end as most_severe_injury,
    injured as injuries_total,
    fatal as injuries_fatal,
    incapacitating as injuries_incapacitating,
    evident as injuries_non_incapacitating,
    reported as injuries_reported_not_evident,
    unhurt as injuries_no_indication,
    case when injured is not null then 0 end as injuries_unknown,
    hour as crash_hour,
    dayofweek(day) + 1 as crash_day_of_week,
    month_no as crash_month,
    case place when 'zero' then '0' else decimals(point_lat, 10) end
        as latitude,
    case place when 'zero' then '0' else decimals(point_lon, 10) end
        as longitude,
    case place when 'zero' then 'POINT (0 0)'
        else wkt_point(point_lon, point_lat, 12) end
        as location,
    hash(k, 'crash') as row_key,
    day as happened_on
from pointed
