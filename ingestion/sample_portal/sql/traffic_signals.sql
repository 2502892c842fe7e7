select
    crossing_no::varchar as signal_id,
    decimals(latitude_of(y), 8) as latitude,
    decimals(longitude_of(x), 8) as longitude,
    ns_name as street_name,
    ew_name as cross_street,
    case
        when chance(hash(crossing_no, seed()), 'type') < 0.8
            then 'TRAFFIC SIGNAL'
        when chance(hash(crossing_no, seed()), 'type') < 0.93
            then 'TRAFFIC SIGNAL WITH LEFT TURN'
        else 'FLASHING BEACON'
    end as signal_type,
    iso((date '1965-01-01'
        + one_of(hash(crossing_no, seed()), 'built', 21000))::timestamp)
        as installation_date,
    case when chance(hash(crossing_no, seed()), 'works') < 0.98 then 'ACTIVE'
        else 'INACTIVE' end
        as operational_status,
    hash(crossing_no, seed(), 'signal') as row_key,
    date '2025-05-12' as happened_on
from crossings
