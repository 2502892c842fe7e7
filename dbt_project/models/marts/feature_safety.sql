-- One row is a feature: what happened within the radius of proximity of it.
with

features as (

    select * from {{ ref("point_features") }}

),

near as (

    select * from {{ ref("crashes_near_features") }}

),

crashes as (

    select * from {{ ref("crashes") }}

),

totals as (

    select
        near.layer,
        near.feature_id,
        {{ crash_totals("crashes") }}
    from near
    inner join crashes
        on near.crash_record_id = crashes.crash_record_id
    group by near.layer, near.feature_id

),

final as (

    select
        features.layer,
        features.feature_id,
        features.label,
        {{ totals_or_zero("totals") }},
        {{ rank_of_totals("totals", "features.layer") }} as rank_in_layer
    from features
    left join totals
        on
            features.layer = totals.layer
            and features.feature_id = totals.feature_id

)

select * from final
