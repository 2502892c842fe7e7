-- One row is a record of the marts that contradicts itself or another record.
{{ config(indexes=indexes_on(none, ["dataset"])) }}

with

crashes as (

    select * from {{ ref("crashes") }}

),

people as (

    select * from {{ ref("people") }}

),

vehicles as (

    select * from {{ ref("vehicles") }}

),

fatalities as (

    select * from {{ ref("fatalities") }}

),

vehicle_ids as (

    select distinct vehicle_id from vehicles

),

deaths_per_crash as (

    select
        crash_record_id,
        count(*) as deaths
    from fatalities
    where crash_record_id is not null
    group by crash_record_id

),

checked as (

    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'injuries_total is the sum of its parts' as rule_broken
    from crashes
    where {{ differs_from_sum("injuries_total", injury_parts()) }}
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'crash_hour is that of the crash' as rule_broken
    from crashes
    where crash_hour <> extract(hour from crashed_at)
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'crash_day_of_week is that of the crash' as rule_broken
    from crashes
    where crash_day_of_week <> extract(dow from crashed_at) + 1
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'crash_month is that of the crash' as rule_broken
    from crashes
    where crash_month <> extract(month from crashed_at)
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'the crash has a date that can be' as rule_broken
    from crashes
    where crash_date is null or has_implausible_date
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'the crash has a unit' as rule_broken
    from crashes
    where vehicle_count = 0
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'the severity is that of its people' as rule_broken
    from crashes
    where severity <> severity_from_people
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'the beat is that of the place' as rule_broken
    from crashes
    where beat_of_occurrence <> police_beat
    union all
    select
        'crashes' as dataset,
        crash_record_id as record_key,
        'the location is at the coordinates' as rule_broken
    from {{ ref("stg_crashes") }}
    where is_located_elsewhere and _deleted_at is null
    union all
    select
        'people' as dataset,
        people.person_id as record_key,
        'the crash is known' as rule_broken
    from people
    left join crashes
        on people.crash_record_id = crashes.crash_record_id
    where crashes.crash_record_id is null
    union all
    select
        'people' as dataset,
        people.person_id as record_key,
        'the time is that of the crash' as rule_broken
    from people
    inner join crashes
        on people.crash_record_id = crashes.crash_record_id
    where people.crashed_at <> crashes.crashed_at
    union all
    select
        'people' as dataset,
        people.person_id as record_key,
        'the vehicle is known' as rule_broken
    from people
    left join vehicle_ids
        on people.vehicle_id = vehicle_ids.vehicle_id
    where people.vehicle_id is not null and vehicle_ids.vehicle_id is null
    union all
    select
        'vehicles' as dataset,
        vehicles.crash_unit_id as record_key,
        'the crash is known' as rule_broken
    from vehicles
    left join crashes
        on vehicles.crash_record_id = crashes.crash_record_id
    where crashes.crash_record_id is null
    union all
    select
        'vehicles' as dataset,
        vehicles.crash_unit_id as record_key,
        'the time is that of the crash' as rule_broken
    from vehicles
    inner join crashes
        on vehicles.crash_record_id = crashes.crash_record_id
    where vehicles.crashed_at <> crashes.crashed_at
    union all
    select
        'fatalities' as dataset,
        fatality_id as record_key,
        'the crash has a date that can be' as rule_broken
    from fatalities
    where crash_date is null or has_implausible_date
    union all
    select
        'fatalities' as dataset,
        fatalities.fatality_id as record_key,
        'the crash of the death is known' as rule_broken
    from fatalities
    left join crashes
        on fatalities.crash_record_id = crashes.crash_record_id
    where crashes.crash_record_id is null
    union all
    select
        'fatalities' as dataset,
        fatality_id as record_key,
        'the person who died is known' as rule_broken
    from fatalities
    where matched_person_id is null
    union all
    select
        'fatalities' as dataset,
        fatality_id as record_key,
        case
            when
                abs(abs(minutes_apart) - 720)
                <= {{ var("death_match_minutes") }}
                then 'the death is not half a day from its crash'
            else 'the time is that of the crash'
        end as rule_broken
    from fatalities
    where minutes_apart <> 0
    union all
    select
        'fatalities' as dataset,
        fatalities.fatality_id as record_key,
        'the person who died is recorded as killed' as rule_broken
    from fatalities
    inner join people
        on fatalities.matched_person_id = people.person_id
    where people.severity <> 'K'
    union all
    select
        'fatalities' as dataset,
        fatalities.fatality_id as record_key,
        'the crash counts its deaths' as rule_broken
    from fatalities
    inner join deaths_per_crash
        on fatalities.crash_record_id = deaths_per_crash.crash_record_id
    inner join crashes
        on fatalities.crash_record_id = crashes.crash_record_id
    where coalesce(crashes.injuries_fatal, 0) < deaths_per_crash.deaths
    union all
    select
        'fatalities' as dataset,
        fatality_id as record_key,
        'the place is that of the crash' as rule_broken
    from fatalities
    where distance_ft > {{ feet_of_metres(var("death_match_m")) }}
    union all
    select
        'fatalities' as dataset,
        fatality_id as record_key,
        'the location is at the coordinates' as rule_broken
    from {{ ref("stg_fatalities") }}
    where is_located_elsewhere and _deleted_at is null

)

select * from checked
