{#-
    What the last build read of the datasets that have changed since, by their
    names; none where everything is to be built: where the last build failed, was
    of another day or of other models, and where a layer changed, which crashes
    are joined to.

    flows/build.py hands it over in the environment. dbt by itself has none.
-#}
{% macro last_build() -%}
    {{ return(
        fromjson(env_var("WAREHOUSE_LAST_BUILD", "null")) if execute else none
    ) }}
{%- endmacro %}


{#- dbt's own rule; and a model that adds what changed since the last build to
    what that left begins anew where there is none. -#}
{% macro should_full_refresh() -%}
    {%- if config.get("full_refresh") is not none -%}
        {{ return(config.get("full_refresh")) }}
    {%- endif -%}
    {{ return(
        flags.FULL_REFRESH
        or ("since_last_build" in model.tags and last_build() is none)
    ) }}
{%- endmacro %}


{#- Whether a model keeps what the last build left of what has not changed since, or
    a test looks only at what has: the rest passed it then. -#}
{% macro is_since_last_build() -%}
    {{ return(
        is_incremental() if model.resource_type == "model"
        else last_build() is not none
    ) }}
{%- endmacro %}


{#- Whether a dataset is read, as a condition: where it has not changed since the last
    build, its rows of that are kept, and passed their tests. -#}
{% macro is_read(dataset) -%}
    {{ "true" if not is_since_last_build() or dataset in last_build() else "false" }}
{%- endmacro %}


{#- The tidy keys of the records of a dataset that a load brought or that were
    found gone or back since the last build. -#}
{% macro changed_keys(dataset, key) -%}
    {%- set raw = source("raw", dataset) -%}
    {%- set marks = source("ops", "record_deletions") -%}
    {%- set last = (last_build() or {}).get(dataset) -%}
    {%- if last is not none %}
            select {{ tidy("versions." ~ key) }} as record_key
            from {{ raw }} as versions
            where versions._dlt_load_id > '{{ last.load or "" }}'
            union
            select {{ tidy("marks.record_key") }} as record_key
            from {{ marks }} as marks
            where
                marks.dataset = '{{ dataset }}'
                and (
                    {{ is_after("marks.deleted_at", last.deleted_at) }}
                    or {{ is_after("marks.restored_at", last.restored_at) }}
                )
    {%- else %}
            select cast(null as varchar) as record_key
            from {{ raw }}
            where false
    {%- endif %}
{%- endmacro %}


{% macro is_after(instant, last) -%}
    {%- if last -%}
        {{ instant }} > cast('{{ last }}' as timestamp)
    {%- else -%}
        {{ instant }} is not null
    {%- endif -%}
{%- endmacro %}


{#- Before a model adds what changed, forgets what it had of that. -#}
{% macro forget_changed(condition) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where {{ condition }}
    {%- endif -%}
{%- endmacro %}


{#- The condition for the rows of datasets that changed since the last build. -#}
{% macro is_of_changed_datasets() -%}
    {%- if is_incremental() -%}
        dataset in ('{{ last_build() | join("', '") }}')
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- The condition for the records of a dataset that changed since the last build. -#}
{% macro is_of_changed_keys(dataset, key, column) -%}
    {%- set keys = changed_keys(dataset, key) -%}
    {%- if is_since_last_build() -%}
        {{ column }} in (
            {{ keys }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- The condition for rows of raw that are versions of such records. Among them are all
    whose key has blanks or the like or is short, as that may be none or one of theirs. -#}
{% macro may_be_of_changed_keys(dataset, key, column) -%}
    {%- set keys = changed_keys(dataset, key) -%}
    {%- if is_since_last_build() -%}
        (
            {{ column }} in (
                {{ keys }}
            )
            or coalesce({{ column }} !~ '^[!-~]{5,}$', true)
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- The condition for the rows of crashes of which something changed since the
    last build. -#}
{% macro is_of_changed_crashes(column) -%}
    {%- set changed = ref("int_changed_crashes") -%}
    {%- if is_since_last_build() -%}
        {{ column }} in (select changed.crash_record_id from {{ changed }} as changed)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- The crashes of which a person or a vehicle changed since the last build: those
    that any version of the record names, as it may have gone from one crash to
    another. -#}
{% macro crashes_of_changed_records(dataset, key) -%}
    {%- set raw = source("raw", dataset) -%}
    {%- set keys = changed_keys(dataset, key) -%}
    {%- if dataset in (last_build() or {}) %}
        with

        changed as (

            {{ keys }}

        )

        select {{ tidy("versions.crash_record_id") }} as crash_record_id
        from {{ raw }} as versions
        inner join changed
            on versions.{{ key }} = changed.record_key
        union
        select {{ tidy("versions.crash_record_id") }} as crash_record_id
        from {{ raw }} as versions
        where
            versions.{{ key }} !~ '^[!-~]+$'
            and {{ tidy("versions." ~ key) }} in (
                select changed.record_key from changed
            )
    {%- else %}
        select cast(null as varchar) as crash_record_id
        from {{ raw }}
        where false
    {%- endif %}
{%- endmacro %}


{#- The crashes that the last build left provisional and are no more so, or the
    other way round. -#}
{% macro crashes_that_settled() -%}
    {%- set publication = ref("int_publication") %}
        select crashes.crash_record_id
        from {{ crashes_of_last_build() }} as crashes
        cross join {{ publication }} as publication
        where
            crashes.is_provisional
            <> (crashes.crash_date >= publication.provisional_since)
{%- endmacro %}


{#- The crashes as the last build left them; none where everything is built, or
    where there are none yet. -#}
{% macro crashes_of_last_build() -%}
    {%- set built = adapter.get_relation(
        database=this.database, schema="marts", identifier="crashes"
    ) if last_build() -%}
    {%- if built -%}
        {{ built }}
    {%- else -%}
        (
            select
                cast(null as varchar) as crash_record_id,
                cast(null as date) as crash_date,
                cast(null as boolean) as is_provisional
            where false
        )
    {%- endif -%}
{%- endmacro %}


{#- The condition for days on which a crash is that changed since the last build, or
    was by then. -#}
{% macro is_of_changed_days(column) -%}
    {%- set changed = ref("int_changed_crashes") -%}
    {%- set crashes = ref("crashes") -%}
    {%- if is_since_last_build() -%}
        {{ column }} in (
            select changed.former_date from {{ changed }} as changed
            union
            select crashes.crash_date
            from {{ crashes }} as crashes
            where {{ is_of_changed_crashes("crashes.crash_record_id") }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- What names a record of each dataset of reports. -#}
{% macro keys_of_records() -%}
    {{ return({
        "crashes": "crash_record_id",
        "people": "person_id",
        "vehicles": "crash_unit_id",
    }) }}
{%- endmacro %}
