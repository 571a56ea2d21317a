"""What Alembic runs: all steps that are due, on the connection that `migrating` has opened."""

from alembic import context

from authcore_sqlalchemy.migration_steps import Names

_given = context.config.attributes

context.configure(
    connection=_given["connection"],
    version_table=_given["tables"].version.name,
    version_table_schema=_given["tables"].version.schema,
    on_version_apply=_given["told"],
)
context.run_migrations(names=Names(prefix=_given["tables"].prefix, schema=_given["tables"].schema))
