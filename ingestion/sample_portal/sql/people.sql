with person as (
    select
        *,
        person_type in ('PEDESTRIAN', 'BICYCLE', 'NON-MOTOR VEHICLE')
            as is_vulnerable,
        person_type = 'BICYCLE' as is_cyclist,
        person_type = 'DRIVER' as is_driver,
        injury is not null and injury <> 'NO INDICATION OF INJURY' as is_injured
    from person_facts
)

select
    case when person_type = 'PASSENGER' then 'P' else 'O' end
        || (10 + person_no) as person_id,
    person_type,
    crash_record_id,
    case when not is_vulnerable then unit_id end as vehicle_id,
    iso(case
        when chance(k, 'other date') < 0.00007
            then crashed_at + interval 12 hour
        else crashed_at
    end) as crash_date,
    case when person_type = 'PASSENGER' then pick_seat_no(chance(k, 'seat')) end
        as seat_no,
    pick_city(chance(k, 'city')) as city,
    pick_state(chance(k, 'state')) as state,
    pick_zipcode(chance(k, 'zipcode')) as zipcode,
    case
        when is_vulnerable then pick_sex_vulnerable(chance(k, 'sex'))
        when person_type = 'PASSENGER' then pick_sex_passenger(chance(k, 'sex'))
        else pick_sex_driver(chance(k, 'sex'))
    end as sex,
    case when chance(k, 'age known') < 0.71 then case
        when is_vulnerable then pick_age_cyclist(chance(k, 'age'))
        when person_type = 'PASSENGER' then pick_age_passenger(chance(k, 'age'))
        else pick_age_driver(chance(k, 'age'))
    end end as age,
    case when is_driver and chance(k, 'license known') < 0.75
        then pick_drivers_license_state(chance(k, 'license')) end
            as drivers_license_state,
    case when is_driver and chance(k, 'license known') < 0.75
        then pick_drivers_license_class(chance(k, 'license class')) end
            as drivers_license_class,
    case
        when is_cyclist then pick_safety_cyclist(chance(k, 'safety'))
        when is_vulnerable then pick_safety_vulnerable(chance(k, 'safety'))
        else pick_safety_occupant(chance(k, 'safety'))
    end as safety_equipment,
    case
        when is_vulnerable then pick_airbag_vulnerable(chance(k, 'airbag'))
        else pick_airbag_occupant(chance(k, 'airbag'))
    end as airbag_deployed,
    case
        when is_vulnerable then pick_ejection_vulnerable(chance(k, 'ejection'))
        else pick_ejection_occupant(chance(k, 'ejection'))
    end as ejection,
    injury as injury_classification,
    case
        when chance(k, 'hospital known') < if(is_injured, 0.62, 0.09)
            then pick_hospital(chance(k, 'hospital'))
    end as hospital,
    case
        when chance(k, 'ems known') < if(is_injured, 0.5, 0.04)
            then pick_ems_agency(chance(k, 'ems'))
    end as ems_agency,
    case
        when chance(k, 'ems run') < 0.00002 then ''
        when is_injured and chance(k, 'ems run') < 0.08
            then (100 + one_of(k, 'run', 99000))::varchar
    end as ems_run_no,
    case
        when is_vulnerable then pick_action_vulnerable(chance(k, 'action'))
        when is_driver then pick_driver_action(chance(k, 'action'))
    end as driver_action,
    case when is_driver or is_vulnerable
        then pick_driver_vision(chance(k, 'vision')) end
        as driver_vision,
    case
        when is_vulnerable
            then pick_condition_vulnerable(chance(k, 'condition'))
        when is_driver then pick_physical_condition(chance(k, 'condition'))
    end as physical_condition,
    case
        when person_type = 'PEDESTRIAN'
            then pick_pedestrian_action(chance(k, 'crossing'))
        when is_vulnerable then pick_pedpedal_action(chance(k, 'crossing'))
    end as pedpedal_action,
    case when is_vulnerable
        then pick_pedpedal_visibility(chance(k, 'visibility')) end
        as pedpedal_visibility,
    case when is_vulnerable then pick_pedpedal_location(chance(k, 'location'))
        end
        as pedpedal_location,
    case when is_driver or is_vulnerable then pick_bac_result(chance(k, 'bac'))
        end as bac_result,
    case
        when is_driver and chance(k, 'bac value') < 0.0013
            then pick_bac_result_value(chance(k, 'alcohol'))
    end as bac_result_value,
    case when is_driver or is_vulnerable
        then yes_or_no(k, 'phone', 0.0006, 0.0004) end
        as cell_phone_use,
    hash(k, 'person') as row_key,
    day as happened_on
from person
