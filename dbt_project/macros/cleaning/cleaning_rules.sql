{#-
    The rules of a dataset's columns, by column: its kind, the kind's parameters
    and, for a category, the City's list. They are read when a model is built,
    so that a changed seed changes what is built.

    The table is found by its name: in a unit test ref() gives the test's own
    input, which cannot be asked before the test runs.
-#}
{% macro cleaning_rules(dataset) -%}
    {%- do ref("cleaning_rules") -%}
    {%- do ref("categories") -%}
    {%- set rules = {} -%}
    {%- if execute -%}
        {%- set seeds = [] -%}
        {%- for name in ["cleaning_rules", "categories"] -%}
            {%- do seeds.append(
                adapter.get_relation(target.database, "quality", name)
            ) -%}
        {%- endfor -%}
        {%- set kinds = parameters_of_kinds() -%}
        {%- set forms_of_parameters = forms() -%}
        {%- if none not in seeds -%}
            {%- for row in run_query(rules_of(dataset, *seeds)) -%}
                {%- set column = row["column"] -%}
                {%- if column not in rules -%}
                    {%- do rules.update({
                        column: checked_rule(
                            dataset, row, kinds, forms_of_parameters
                        )
                    }) -%}
                {%- endif -%}
                {%- if row["value"] is not none -%}
                    {%- do rules[column]["values"].append(row["value"]) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- elif flags.WHICH in ["build", "run", "test", "show"] -%}
            {{ exceptions.raise_compiler_error(
                "no table quality.cleaning_rules or quality.categories: run"
                ~ " 'dbt seed' first, or 'dbt build', which does"
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}


{% macro rules_of(dataset, rules, categories) -%}
    select
        rules."column",
        rules.rule,
        rules.kind,
        rules.parameters,
        categories.value
    from {{ rules }} as rules
    left join {{ categories }} as categories
        on
            rules.dataset = categories.dataset
            and rules."column" = categories."column"
            and rules.kind = 'category'
    where rules.dataset = '{{ dataset }}'
    order by rules."column", categories.value
{%- endmacro %}


{#- The rule of a column, or an error that says where to write one. Without the
    seeds, as when SQL is only linted, there are no rules at all. -#}
{% macro rule_of(rules, column) -%}
    {%- if rules and column not in rules -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ ": no rule for the column '" ~ column
            ~ "': add it to seeds/cleaning_rules.csv"
        ) }}
    {%- endif -%}
    {{ return(rules.get(column, {"kind": "key", "parameters": {}})) }}
{%- endmacro %}
