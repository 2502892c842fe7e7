with unit as (
    select
        *,
        coalesce(unit_type, '')
            not in ('PEDESTRIAN', 'BICYCLE', 'NON-MOTOR VEHICLE') as is_vehicle,
        coalesce(unit_type = 'DRIVER', false) as is_driven,
        coalesce(unit_type = 'PARKED', false) as is_parked,
        chance(k, 'commercial') < 0.0107
        and coalesce(unit_type = 'DRIVER', false) as is_commercial,
        chance(k, 'damaged at') < 0.93 as has_damage,
        chance(k, 'towed') < 0.118 as is_towed
    from unit_facts
),

-- the damaged areas lie side by side, counted clockwise from the front right
damaged as (
    select
        *,
        case when is_vehicle and has_damage then 1 + one_of(k, 'area', 12) end
            as area,
        case when is_vehicle and has_damage then one_of(k, 'areas', 3) end
            as further_areas
    from unit
)

select
    500 + unit_id + unit_id // 16 as crash_unit_id,
    crash_record_id,
    iso(case
        when chance(k, 'other date') < 0.00007 then crashed_at - interval 1 day
        else crashed_at
    end) as crash_date,
    case
        when unit_id = 777 then 3778035
        when chance(k, 'unit zero') < 0.000015 then 0
        else unit_no
    end as unit_no,
    unit_type,
    passengers as num_passengers,
    case when is_vehicle then unit_id end as vehicle_id,
    case when is_vehicle then yes_or_no(k, 'commercial flag', 0.0122, 0.0064)
        end as cmrc_veh_i,
    case when is_vehicle then pick_make(chance(k, 'make')) end as make,
    case when is_vehicle then pick_model(chance(k, 'model')) end as model,
    case when is_vehicle and chance(k, 'plate') < 0.911
        then pick_lic_plate_state(chance(k, 'plate state')) end
            as lic_plate_state,
    case when is_vehicle and chance(k, 'year known') < 0.837
        then case
            when chance(k, 'year written') < 0.00002 then '2015.0'
            else pick_vehicle_year(chance(k, 'vehicle year'))
        end end as vehicle_year,
    case when is_vehicle then pick_vehicle_defect(chance(k, 'defect')) end
        as vehicle_defect,
    case when is_vehicle then pick_vehicle_type(chance(k, 'vehicle type')) end
        as vehicle_type,
    case
        when is_parked and chance(k, 'in use') < 0.35 then 'NOT IN USE'
        when is_vehicle then pick_vehicle_use(chance(k, 'vehicle use'))
    end as vehicle_use,
    case when is_vehicle then pick_travel_direction(chance(k, 'direction')) end
        as travel_direction,
    case
        when is_parked then 'PARKED'
        when is_vehicle then pick_maneuver(chance(k, 'maneuver'))
    end as maneuver,
    case when is_vehicle and is_towed
        then case when chance(k, 'towed flag') < 0.944 then 'Y' else 'N' end end
            as towed_i,
    yes_or_no(k, 'fire', 0.00044, 0.00034) as fire_i,
    case when is_vehicle then case when unit_id = 1201 then 99 else people end
        end
        as occupant_cnt,
    yes_or_no(k, 'speeding', 0.00145, 0.00048) as exceed_speed_limit_i,
    case when is_vehicle and is_towed and chance(k, 'tower known') < 0.76
        then pick_towed_by(chance(k, 'tower')) end as towed_by,
    case when is_vehicle and is_towed and chance(k, 'pound known') < 0.47
        then pick_towed_to(chance(k, 'pound')) end as towed_to,
    case when is_vehicle then yes_or_no(k, 'area 0', 0.032, 0.0046) end
        as area_00_i,
    area_flag(k, area, further_areas, 1) as area_01_i,
    area_flag(k, area, further_areas, 2) as area_02_i,
    area_flag(k, area, further_areas, 3) as area_03_i,
    area_flag(k, area, further_areas, 4) as area_04_i,
    area_flag(k, area, further_areas, 5) as area_05_i,
    area_flag(k, area, further_areas, 6) as area_06_i,
    area_flag(k, area, further_areas, 7) as area_07_i,
    area_flag(k, area, further_areas, 8) as area_08_i,
    area_flag(k, area, further_areas, 9) as area_09_i,
    area_flag(k, area, further_areas, 10) as area_10_i,
    area_flag(k, area, further_areas, 11) as area_11_i,
    area_flag(k, area, further_areas, 12) as area_12_i,
    case when is_vehicle then yes_or_no(k, 'area 99', 0.105, 0.004) end
        as area_99_i,
    case when is_vehicle and chance(k, 'contact known') < 0.991
        then pick_first_contact_point(chance(k, 'contact')) end
            as first_contact_point,
    case when is_commercial then unit_id // 2 + 1 end as cmv_id,
    case when is_commercial and chance(k, 'usdot known') < 0.58
        then case
            when chance(k, 'usdot') < 0.3
                then pick_usdot_no(chance(k, 'usdot no'))
            else repeat('0', one_of(k, 'zeros', 3))
                || (10000 + one_of(k, 'number', 3000000))
        end end as usdot_no,
    case when is_commercial and chance(k, 'ccmc') < 0.13
        then pick_ccmc_no(chance(k, 'ccmc no')) end
        as ccmc_no,
    case when is_commercial and chance(k, 'ilcc') < 0.09
        then pick_ilcc_no(chance(k, 'ilcc no')) end
        as ilcc_no,
    case when is_commercial and chance(k, 'source') < 0.69
        then pick_commercial_src(chance(k, 'commercial source')) end
            as commercial_src,
    case when is_commercial and chance(k, 'weight known') < 0.57
        then pick_gvwr(chance(k, 'weight')) end as gvwr,
    case when is_commercial and chance(k, 'carrier known') < 0.96
        then pick_carrier_name(chance(k, 'carrier')) end as carrier_name,
    case when is_commercial and chance(k, 'carrier state known') < 0.9
        then pick_carrier_state(chance(k, 'carrier state')) end
            as carrier_state,
    case when is_commercial and chance(k, 'carrier city known') < 0.89
        then pick_carrier_city(chance(k, 'carrier city')) end as carrier_city,
    case when is_commercial and chance(k, 'placards known') < 0.02
        then pick_hazmat_placards_i(chance(k, 'placards')) end
            as hazmat_placards_i,
    case when is_commercial and chance(k, 'hazmat known') < 0.004
        then pick_hazmat_name(chance(k, 'hazmat')) end as hazmat_name,
    case when is_commercial and chance(k, 'un known') < 0.036
        then pick_un_no(chance(k, 'un')) end as un_no,
    case when is_commercial and chance(k, 'present known') < 0.74
        then pick_hazmat_present_i(chance(k, 'present')) end
            as hazmat_present_i,
    case when is_commercial and chance(k, 'report known') < 0.72
        then pick_hazmat_report_i(chance(k, 'hazmat report')) end
            as hazmat_report_i,
    case when is_commercial and chance(k, 'report no') < 0.0001
        then 'JE' || (100000 + one_of(k, 'report', 900000)) end
            as hazmat_report_no,
    case when is_commercial and chance(k, 'mcs known') < 0.72
        then pick_mcs_report_i(chance(k, 'mcs report')) end as mcs_report_i,
    case when is_commercial and chance(k, 'mcs no') < 0.0005 then 'UNKNOWN' end
        as mcs_report_no,
    case when is_commercial and chance(k, 'violation known') < 0.73
        then pick_hazmat_vio_cause_crash_i(chance(k, 'violation')) end
        as hazmat_vio_cause_crash_i,
    case when is_commercial and chance(k, 'mcs violation known') < 0.71
        then pick_mcs_vio_cause_crash_i(chance(k, 'mcs violation')) end
            as mcs_vio_cause_crash_i,
    case when is_commercial and chance(k, 'permit known') < 0.059
        then pick_idot_permit_no(chance(k, 'permit')) end as idot_permit_no,
    case when is_commercial and chance(k, 'wide known') < 0.0087
        then pick_wide_load_i(chance(k, 'wide')) end as wide_load_i,
    case when is_commercial and chance(k, 'trailer 1') < 0.19
        then pick_trailer1_width(chance(k, 'trailer 1 width')) end
            as trailer1_width,
    case when is_commercial and chance(k, 'trailer 2') < 0.022
        then pick_trailer2_width(chance(k, 'trailer 2 width')) end
            as trailer2_width,
    case when is_commercial and chance(k, 'trailer 1') < 0.156
        then pick_trailer1_length(chance(k, 'trailer 1 length')) end
            as trailer1_length,
    case when is_commercial and chance(k, 'trailer 2') < 0.0042
        then pick_trailer2_length(chance(k, 'trailer 2 length')) end
            as trailer2_length,
    case when is_commercial and chance(k, 'length known') < 0.19
        then pick_total_vehicle_length(chance(k, 'length')) end
            as total_vehicle_length,
    case
        when unit_id = 1303 then '26009'
        when is_commercial and chance(k, 'axles known') < 0.277
            then pick_axle_cnt(chance(k, 'axles'))
    end as axle_cnt,
    case when is_commercial and chance(k, 'config known') < 0.83
        then pick_vehicle_config(chance(k, 'config')) end as vehicle_config,
    case when is_commercial and chance(k, 'cargo known') < 0.8
        then pick_cargo_body_type(chance(k, 'cargo')) end as cargo_body_type,
    case when is_commercial and chance(k, 'load known') < 0.76
        then pick_load_type(chance(k, 'load')) end as load_type,
    case when is_commercial and chance(k, 'out of service known') < 0.69
        then pick_hazmat_out_of_service_i(chance(k, 'out of service')) end
        as hazmat_out_of_service_i,
    case when is_commercial and chance(k, 'mcs out known') < 0.71
        then pick_mcs_out_of_service_i(chance(k, 'mcs out')) end
            as mcs_out_of_service_i,
    case when is_commercial and chance(k, 'class known') < 0.068
        then pick_hazmat_class(chance(k, 'class')) end as hazmat_class,
    hash(k, 'vehicle') as row_key,
    day as happened_on
from damaged
