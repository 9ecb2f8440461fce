import type { Attributes } from './attributes';
import type { OtlpSpan } from './trace-request';

/** Names of SQL engines in `db.system` (before 2025) and `db.system.name`. */
const SQL_ENGINES = new Set([
  'db2', 'derby', 'hive', 'mariadb', 'mssql', 'mysql', 'oracle', 'postgresql', 'sqlite', 'teradata', 'other_sql',
  'ibm.db2', 'microsoft.sql_server', 'oracle.db', 'h2database', 'hsqldb', 'redshift', 'aws.redshift', 'cockroachdb', 'trino', 'clickhouse',
]);

/** The `sql` block of a span; undefined for anything that is not a query of an SQL database. */
export function sqlOf(span: OtlpSpan, attributes: Attributes): Record<string, unknown> | undefined {
  const engine = attributes.peek('db.system.name') ?? attributes.peek('db.system');
  if (typeof engine !== 'string' || !SQL_ENGINES.has(engine)) return undefined;
  attributes.text('db.system.name', 'db.system');
  const database = attributes.text('db.namespace', 'db.name');
  const connection = attributes.text('db.connection_string');
  const query = attributes.text('db.query.text', 'db.statement');
  const user = attributes.text('db.user');
  const host = attributes.text('server.address', 'net.peer.name');
  return {
    database_type: engine,
    url: span.name ?? engine,
    connection_string: `${connection ?? host ?? 'localhost'}/${database ?? ''}`,
    ...(query === undefined ? {} : { sanitized_query: query }),
    ...(user === undefined ? {} : { user }),
  };
}
