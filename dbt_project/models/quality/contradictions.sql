-- One row is a record of the marts that contradicts itself or another record.
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    tags="since_last_build",
    indexes=indexes_on(none, ["dataset"]),
    pre_hook="{{ forget_changed(is_held_again()) }}"
) }}

{%- set half_a_day = "abs(abs(minutes_apart) - 720) <= "
    ~ var("death_match_minutes") %}
{%- set rules_of_crashes = {
    "injuries_total is the sum of its parts":
        differs_from_sum("injuries_total", injury_parts()),
    "crash_hour is that of the crash":
        "crash_hour <> extract(hour from crashed_at)",
    "crash_day_of_week is that of the crash":
        "crash_day_of_week <> extract(dow from crashed_at) + 1",
    "crash_month is that of the crash":
        "crash_month <> extract(month from crashed_at)",
    "the crash has a date that can be":
        "crash_date is null or has_implausible_date",
    "the crash has a unit": "vehicle_count = 0",
    "the severity is that of its people": "severity <> severity_from_people",
    "the beat is that of the place": "beat_of_occurrence <> police_beat",
} %}
{%- set rules_of_places = {
    "the location is at the coordinates": "is_located_elsewhere",
} %}
{%- set rules_of_people = {
    "the crash is known": "crash_of_other is null",
    "the time is that of the crash": "crashed_at <> crashed_at_of_other",
    vehicle_is_known():
        "vehicle_id is not null and vehicle_id_of_other is null",
} %}
{%- set rules_of_vehicles = {
    "the crash is known": "crash_of_other is null",
    "the time is that of the crash": "crashed_at <> crashed_at_of_other",
} %}
{%- set rules_of_fatalities = {
    "the crash has a date that can be":
        "crash_date is null or has_implausible_date",
    "the crash of the death is known": "crash_of_other is null",
    "the person who died is known": "matched_person_id is null",
    "the death is not half a day from its crash":
        "minutes_apart <> 0 and " ~ half_a_day,
    "the time is that of the crash":
        "minutes_apart <> 0 and not " ~ half_a_day,
    "the person who died is recorded as killed": "severity_of_person <> 'K'",
    "the crash counts its deaths": "deaths_counted < deaths_known",
    "the place is that of the crash":
        "distance_ft > " ~ feet_of_metres(var("death_match_m")),
} %}

with

crashes as (

    select * from {{ ref("crashes") }}
    where {{ is_of_changed_crashes("crash_record_id") }}

),

-- What other records are held against. PostgreSQL would look each of these up
-- by the index, where to hash them all is quicker.
known_crashes as {{ "not " if is_incremental() }}materialized (

    select
        crash_record_id,
        crashed_at,
        injuries_fatal
    from {{ ref("crashes") }}

),

held_people as (

    select
        person_id,
        vehicle_id,
        crash_record_id,
        crashed_at
    from {{ ref("people") }}
    where {{ is_person_held_again("person_id") }}

),

known_vehicles as (

    select distinct vehicle_id from {{ ref("vehicles") }}
    {%- if is_incremental() %}
    where vehicle_id in (select held_people.vehicle_id from held_people)
    {%- endif %}

),

people as (

    select
        people.person_id,
        people.vehicle_id,
        people.crashed_at,
        crashes.crash_record_id as crash_of_other,
        crashes.crashed_at as crashed_at_of_other,
        vehicles.vehicle_id as vehicle_id_of_other
    from held_people as people
    left join known_crashes as crashes
        on people.crash_record_id = crashes.crash_record_id
    left join known_vehicles as vehicles
        on people.vehicle_id = vehicles.vehicle_id

),

vehicles as (

    select
        vehicles.crash_unit_id,
        vehicles.crashed_at,
        crashes.crash_record_id as crash_of_other,
        crashes.crashed_at as crashed_at_of_other
    from {{ ref("vehicles") }} as vehicles
    left join known_crashes as crashes
        on vehicles.crash_record_id = crashes.crash_record_id
    where {{ is_vehicle_held_again("vehicles.crash_unit_id") }}

),

fatalities as (

    select
        fatalities.*,
        crashes.crash_record_id as crash_of_other,
        people.severity as severity_of_person,
        coalesce(crashes.injuries_fatal, 0) as deaths_counted,
        case
            when crashes.crash_record_id is not null
                then count(*) over (partition by fatalities.crash_record_id)
        end as deaths_known
    from {{ ref("fatalities") }} as fatalities
    left join known_crashes as crashes
        on fatalities.crash_record_id = crashes.crash_record_id
    left join {{ ref("people") }} as people
        on fatalities.matched_person_id = people.person_id

),

staged_crashes as (

    select * from {{ ref("stg_crashes") }}
    where
        _deleted_at is null
        and {{ is_of_changed_crashes("crash_record_id") }}

),

staged_fatalities as (

    select * from {{ ref("stg_fatalities") }}
    where _deleted_at is null

),

broken as (

    {{ broken_rules(
        "crashes", "crashes", "crash_record_id", rules_of_crashes
    ) }}
    union all
    {{ broken_rules(
        "crashes", "staged_crashes", "crash_record_id", rules_of_places
    ) }}
    union all
    {{ broken_rules("people", "people", "person_id", rules_of_people) }}
    union all
    {{ broken_rules(
        "vehicles", "vehicles", "crash_unit_id", rules_of_vehicles
    ) }}
    union all
    {{ broken_rules(
        "fatalities", "fatalities", "fatality_id", rules_of_fatalities
    ) }}
    union all
    {{ broken_rules(
        "fatalities", "staged_fatalities", "fatality_id", rules_of_places
    ) }}

)

select * from broken
