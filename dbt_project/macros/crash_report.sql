{#- The columns of a crash that a report or the totals read: with all of them, some
    thousand crashes would be written to disk on the way. -#}
{% macro reported_columns(crashes) -%}
    {%- for name in [
        "crash_date",
        "is_ksi",
        "people_count",
        "vehicle_count",
        "injuries_total",
        "injuries_fatal",
        "injuries_incapacitating",
        "injuries_non_incapacitating",
        "injuries_reported_not_evident",
        "pedestrians",
        "cyclists",
        "children_injured",
        "hit_and_run_i",
        "prim_contributory_cause",
        "economic_cost_usd",
        "comprehensive_cost_usd",
    ] %}
        {{ crashes }}.{{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#-
    What happened in some crashes, a row, also of none. The crashes are those of
    any day before the end, so that the last twelve months can be counted.
-#}
{% macro crash_report(crashes) -%}
in_period as (

    select *
    from {{ crashes }}
    where {{ is_between_dates("crash_date") }}

),

totals as (

    select
        count(*) as total_crashes,
        count(case when is_ksi then 1 end) as ksi_crashes,
        coalesce(sum(people_count), 0) as total_people,
        coalesce(sum(vehicle_count), 0) as total_vehicles,
        coalesce(sum(injuries_total), 0) as total_injuries,
        coalesce(sum(injuries_fatal), 0) as injuries_fatal,
        coalesce(sum(injuries_incapacitating), 0) as injuries_incapacitating,
        coalesce(sum(injuries_non_incapacitating), 0)
            as injuries_non_incapacitating,
        coalesce(sum(injuries_reported_not_evident), 0)
            as injuries_reported_not_evident,
        coalesce(sum(pedestrians), 0) as pedestrians,
        coalesce(sum(cyclists), 0) as cyclists,
        coalesce(sum(children_injured), 0) as children_injured,
        count(case when hit_and_run_i then 1 end) as hit_and_run_crashes,
        coalesce(sum(economic_cost_usd), 0) as economic_cost_usd,
        coalesce(sum(comprehensive_cost_usd), 0) as comprehensive_cost_usd
    from in_period

),

causes as (

    select
        prim_contributory_cause as cause,
        count(*) as crashes
    from in_period
    where prim_contributory_cause is not null
    group by prim_contributory_cause
    order by count(*) desc, prim_contributory_cause collate "C"
    limit 5

),

top_causes as (

    select
        string_agg(
            cause || ' (' || crashes || ')',
            '; ' order by crashes desc, cause collate "C"
        ) as top_causes
    from causes

),

-- The day after the last that counts: the end that is asked for, or today's data.
newest as (

    select max(each_day.crash_date) as crash_date
    from {{ beside(ref("crashes_daily")) }} as each_day

),

last_day as (

    select
        coalesce(
            {{ argument("date_to") }},
            cast(newest.crash_date + interval '1 day' as date)
        ) as day_after
    from newest

),

trend as (

    select
        count(
            case
                when
                    {{ crashes }}.crash_date
                    >= last_day.day_after - interval '12 months'
                    then 1
            end
        ) as crashes_last_12_months,
        count(
            case
                when
                    {{ crashes }}.crash_date
                    < last_day.day_after - interval '12 months'
                    then 1
            end
        ) as crashes_12_months_before
    from {{ crashes }}
    cross join last_day
    where
        {{ crashes }}.crash_date < last_day.day_after
        and {{ crashes }}.crash_date
        >= last_day.day_after - interval '24 months'

),

report as (

    select
        cast(totals.total_crashes as bigint) as total_crashes,
        cast(totals.ksi_crashes as bigint) as ksi_crashes,
        cast(totals.total_people as bigint) as total_people,
        cast(totals.total_vehicles as bigint) as total_vehicles,
        cast(totals.total_injuries as bigint) as total_injuries,
        cast(totals.injuries_fatal as bigint) as injuries_fatal,
        cast(totals.injuries_incapacitating as bigint)
            as injuries_incapacitating,
        cast(totals.injuries_non_incapacitating as bigint)
            as injuries_non_incapacitating,
        cast(totals.injuries_reported_not_evident as bigint)
            as injuries_reported_not_evident,
        cast(totals.pedestrians as bigint) as pedestrians,
        cast(totals.cyclists as bigint) as cyclists,
        cast(totals.children_injured as bigint) as children_injured,
        cast(totals.hit_and_run_crashes as bigint) as hit_and_run_crashes,
        top_causes.top_causes,
        cast(trend.crashes_last_12_months as bigint) as crashes_last_12_months,
        cast(trend.crashes_12_months_before as bigint)
            as crashes_12_months_before,
        cast(trend.crashes_last_12_months as double precision)
        / nullif(trend.crashes_12_months_before, 0) - 1 as trend_12_months,
        cast(totals.economic_cost_usd as bigint) as economic_cost_usd,
        cast(totals.comprehensive_cost_usd as bigint)
            as comprehensive_cost_usd
    from totals
    cross join top_causes
    cross join trend

)
{%- endmacro %}
