-- One row is a dataset: how many of its records are sound.
with

records as (

    select
        'crashes' as dataset,
        count(*) as records
    from {{ ref("crashes") }}
    union all
    select
        'people' as dataset,
        count(*) as records
    from {{ ref("people") }}
    union all
    select
        'vehicles' as dataset,
        count(*) as records
    from {{ ref("vehicles") }}
    union all
    select
        'fatalities' as dataset,
        count(*) as records
    from {{ ref("fatalities") }}

),

unusable as (

    select distinct
        dataset,
        record_key
    from {{ ref("int_value_changes") }}
    where clean_value is null and rule <> 'tidy_text' and not is_deleted

),

contradicting as (

    select distinct
        dataset,
        record_key
    from {{ ref("contradictions") }}

),

unsound as (

    select
        coalesce(unusable.dataset, contradicting.dataset) as dataset,
        count(unusable.record_key) as errors,
        count(contradicting.record_key) as warnings,
        count(*) as unsound_records
    from unusable
    full join contradicting
        on
            unusable.dataset = contradicting.dataset
            and unusable.record_key = contradicting.record_key
    group by coalesce(unusable.dataset, contradicting.dataset)

),

final as (

    select
        records.dataset,
        records.records,
        coalesce(unsound.errors, 0) as errors,
        coalesce(unsound.warnings, 0) as warnings,
        cast(coalesce(unsound.unsound_records, 0) as double precision)
        / nullif(records.records, 0) as share
    from records
    left join unsound
        on records.dataset = unsound.dataset

)

select * from final
