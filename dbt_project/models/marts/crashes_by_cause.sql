-- One row is a cause that officers name first, of all crashes since the first.
with

crashes as (

    select
        injuries_total,
        injuries_fatal,
        injuries_incapacitating,
        coalesce(prim_contributory_cause, 'NOT STATED') as cause
    from {{ ref("crashes") }}

),

categories as (

    select * from {{ ref("cause_categories") }}

),

totals as (

    select
        crashes.cause,
        {{ people_totals("crashes") }}
    from crashes
    group by crashes.cause

),

final as (

    select
        totals.cause,
        case
            when totals.cause = 'NOT STATED' then 'not determined'
            else coalesce(categories.category, 'other')
        end as category,
        totals.total_crashes,
        totals.total_injuries,
        totals.total_fatalities,
        totals.total_ksi,
        {{ share("totals.total_crashes", "sum(totals.total_crashes) over ()") }}
            as share_of_crashes
    from totals
    left join categories
        on totals.cause = categories.cause

)

select * from final
