with watched as (
    select
        s.*,
        row_number() over (
            order by hash(hash(s.name, s.row_no, s.column_no)), s.starts
        ) as camera_no
    from stretches as s
    where s.traffic >= 3 and s.column_no >= -21
    qualify camera_no <= 212
),

placed as (
    select
        *,
        row_number() over (order by camera_no) as id,
        from_miles + 0.02 + 0.46 * chance(hash(camera_no, seed()), 'camera')
            as along
    from watched
)

select
    180 + id as id,
    'CHI' || printf('%03d', id) as location_id,
    greatest(1,
        round(case runs when 'ns' then number_at(along) else abs(along) * 800
        end))::integer
    || ' ' || case
        when runs = 'ns' then case when along >= 0 then 'N' else 'S' end
        when along >= 0 then 'E'
        else 'W'
    end || ' ' || in_words(name) as address,
    case runs when 'ns' then 'NB' else 'EB' end as first_approach,
    case when id % 3 > 0 then case runs when 'ns' then 'SB' else 'WB' end end
        as second_approach,
    iso((date '2013-08-01' + one_of(hash(id, seed()), 'live', 4200))::timestamp)
        as go_live_date,
    decimals(latitude_of(case runs when 'ns' then along else at_miles end), 6)
        as latitude,
    decimals(longitude_of(case runs when 'ns' then at_miles else along end), 6)
        as longitude,
    hash(id, seed(), 'speed') as row_key,
    date '2025-02-03' as happened_on
from placed
