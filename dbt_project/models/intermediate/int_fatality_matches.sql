-- One row is a Vision Zero death whose crash, or whose person, is known.
{#- Half a day, by which some lists take the morning for the evening. -#}
{%- set half_day = 720 %}
{%- set near_ft = feet_of_metres(var("death_match_m")) %}
{%- set near_minutes = var("death_match_minutes") %}
with

deaths as (

    select
        fatality_id,
        person_id,
        crash_date as crashed_at,
        geom,
        count(*) over (partition by person_id) as deaths_of_person
    from {{ ref("stg_fatalities") }}
    where _deleted_at is null

),

-- Of a million crashes and their people those of the deaths are looked up.
crashes as not materialized (

    select
        crash_record_id,
        crash_date as crashed_at,
        geom,
        coalesce(injuries_fatal, 0) as injuries_fatal
    from {{ ref("stg_crashes") }}
    where _deleted_at is null

),

people as not materialized (

    select
        person_id,
        crash_record_id,
        crash_date as crashed_at,
        {{ severity("injury_classification") }} as severity
    from {{ ref("stg_people") }}
    where _deleted_at is null

),

-- A person dies once: of several deaths under one person_id that which is
-- nearest in time is his, if it is near at all.
named as (

    select
        deaths.fatality_id,
        people.person_id,
        people.crash_record_id,
        deaths.deaths_of_person,
        deaths.geom,
        {{ minutes_between(
            "deaths.crashed_at",
            "coalesce(crashes.crashed_at, people.crashed_at)"
        ) }} as minutes_apart,
        crashes.geom as crash_geom
    from deaths
    inner join people
        on deaths.person_id = people.person_id
    left join crashes
        on people.crash_record_id = crashes.crash_record_id

),

ranked_by_person as (

    select
        named.*,
        row_number() over (
            partition by named.person_id
            order by
                abs(named.minutes_apart),
                {{ by_bytes("named.fatality_id") }}
        ) as nearness
    from named

),

by_person as (

    select
        fatality_id,
        crash_record_id,
        person_id as matched_person_id,
        'person_id' as matched_by,
        minutes_apart,
        st_distance(geom, crash_geom) as distance_ft
    from ranked_by_person
    where
        deaths_of_person = 1
        or (
            nearness = 1
            and abs(minutes_apart) <= {{ near_minutes }}
        )

),

-- The day of the death and those beside it, as half a day may lie between.
days as (

    select
        deaths.fatality_id,
        deaths.crashed_at,
        deaths.geom,
        cast(deaths.crashed_at as date)
        + cast(around.day_offset as integer) as crash_day
    from deaths
    cross join generate_series(-1, 1) as around (day_offset)
    where
        deaths.fatality_id not in (select by_person.fatality_id from by_person)
        and deaths.crashed_at is not null
        and deaths.geom is not null

),

pairs as (

    select
        days.fatality_id,
        crashes.crash_record_id,
        crashes.injuries_fatal > 0 as is_fatal,
        {{ minutes_between("days.crashed_at", "crashes.crashed_at") }}
            as minutes_apart,
        st_distance(days.geom, crashes.geom) as distance_ft
    from days
    inner join crashes
        on days.crash_day = cast(crashes.crashed_at as date)
    where st_distance(days.geom, crashes.geom) <= {{ near_ft }}

),

near as (

    select
        pairs.*,
        abs(pairs.minutes_apart) <= {{ near_minutes }} as is_same_time
    from pairs
    where
        abs(pairs.minutes_apart) <= {{ near_minutes }}
        or (
            pairs.is_fatal
            and abs(abs(pairs.minutes_apart) - {{ half_day }})
            <= {{ near_minutes }}
        )

),

ranked_by_place as (

    select
        near.*,
        row_number() over (
            partition by near.fatality_id
            order by
                near.is_same_time desc,
                near.is_fatal desc,
                abs(near.minutes_apart) asc,
                near.distance_ft asc,
                {{ by_bytes("near.crash_record_id") }} asc
        ) as nearness
    from near

),

by_place as (

    select
        fatality_id,
        crash_record_id,
        minutes_apart,
        distance_ft,
        case
            when is_same_time then 'time_and_place'
            else 'place_and_half_a_day'
        end as matched_by
    from ranked_by_place
    where nearness = 1

),

-- Who was killed there and is no other death's, if that is one person alone.
killed as (

    select
        crash_record_id,
        min({{ by_bytes("person_id") }}) as person_id,
        count(*) as people_killed
    from people
    where
        severity = 'K'
        and crash_record_id in (select by_place.crash_record_id from by_place)
        and person_id not in (
            select by_person.matched_person_id from by_person
        )
    group by crash_record_id

),

deaths_there as (

    select
        crash_record_id,
        count(*) as deaths
    from by_place
    group by crash_record_id

),

final as (

    select
        fatality_id,
        crash_record_id,
        matched_person_id,
        matched_by,
        minutes_apart,
        distance_ft
    from by_person
    union all
    select
        by_place.fatality_id,
        by_place.crash_record_id,
        case
            when killed.people_killed = 1 and deaths_there.deaths = 1
                then killed.person_id
        end as matched_person_id,
        by_place.matched_by,
        by_place.minutes_apart,
        by_place.distance_ft
    from by_place
    inner join deaths_there
        on by_place.crash_record_id = deaths_there.crash_record_id
    left join killed
        on by_place.crash_record_id = killed.crash_record_id

)

select * from final
