-- One row is a dataset: its rows that could not become records, its values that
-- cleaning changed, and its records with an unusable value or a contradiction.
with

counts as (

    select
        dataset,
        count(*) as rejected_rows,
        0 as cleaned_values,
        0 as unsound_records
    from quality.rejected_rows
    where _deleted_at is null
    group by dataset
    union all
    select
        dataset,
        0 as rejected_rows,
        sum(values_changed) as cleaned_values,
        0 as unsound_records
    from quality.rule_effects
    group by dataset
    union all
    select
        dataset,
        0 as rejected_rows,
        0 as cleaned_values,
        cast(round(share * records) as bigint) as unsound_records
    from quality.validation_summary
    where share is not null

)

select
    dataset,
    cast(sum(rejected_rows) as bigint) as rejected_rows,
    cast(sum(cleaned_values) as bigint) as cleaned_values,
    cast(sum(unsound_records) as bigint) as unsound_records
from counts
group by dataset
order by dataset
