{#- Every row of raw is a version of one staged record or is rejected, and every
    key of raw is staged once. Returns the accounts that do not balance. Those of a
    dataset that has not changed since the last build balanced then. -#}
{% test accounts_for_raw(model, raw, key) %}

with

in_raw as (

    select
        coalesce(sum(versions), 0) as all_rows,
        count(record_key) as all_keys
    from (
        select
            {{ tidy(key) }} as record_key,
            count(*) as versions
        from {{ raw }}
        where {{ is_to_be_tested(raw.identifier) }}
        group by {{ tidy(key) }}
    ) as records

),

staged as (

    select
        count(*) as all_records,
        coalesce(sum(version_count), 0) as all_versions
    from {{ model }}
    where {{ is_to_be_tested(raw.identifier) }}

),

rejected as (

    select coalesce(sum(version_count), 0) as all_rejected
    from {{ ref("rejected_rows") }}
    where
        dataset = '{{ raw.identifier }}'
        and {{ is_to_be_tested(raw.identifier) }}

)

select
    in_raw.all_rows,
    in_raw.all_keys,
    staged.all_records,
    staged.all_versions,
    rejected.all_rejected
from in_raw
cross join staged
cross join rejected
where
    in_raw.all_keys <> staged.all_records
    or in_raw.all_rows <> staged.all_versions + rejected.all_rejected

{% endtest %}
