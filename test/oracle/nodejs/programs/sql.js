import mysql from 'mysql';
import mysql2 from 'mysql2';
import mysql2Promise from 'mysql2/promise';
import pg from 'pg';
import { dispatch } from './dispatch.js';

const told = error => [error.name, error.code, error.message, error.severity ?? error.sqlState];
const options = () => JSON.parse(process.env.MYSQL);
async function withPg(use) {
  const client = new pg.Client(process.env.POSTGRES);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
const withMysql = (library, use) => new Promise((resolve, reject) => {
  const connection = library.createConnection(options());
  use(connection, (...outcome) => connection.end(() => resolve(outcome.map(item => item instanceof Error ? told(item) : item))));
  connection.on('error', reject);
});

export const handler = dispatch({
  pgQuery: () => withPg(async client => (await client.query('SELECT $1::text AS name', ['secret-value'])).rows),
  pgCallback: () => withPg(client => new Promise(resolve => client.query('SELECT 1 AS n', (error, result) => resolve([error, result.rows])))),
  pgCallbackWithValues: () => withPg(client => new Promise(resolve => client.query('SELECT $1::int AS n', [7], (_, result) => resolve(result.rows)))),
  pgOptions: () => withPg(async client => (await client.query({ text: 'SELECT $1::int AS n', values: [7], rowMode: 'array', name: 'prepared' })).rows),
  pgQueryObject: () => withPg(client => new Promise((resolve, reject) => {
    const rows = [];
    client.query(new pg.Query('SELECT generate_series(1, 3) AS n')).on('row', ({ n }) => rows.push(n)).on('end', () => resolve(rows)).on('error', reject);
  })),
  pgFails: () => withPg(client => client.query("SELECT 'secret-literal'::int").catch(told)),
  pgThrows: () => withPg(client => client.query('SELECT * FROM nowhere')),
  pgNull: () => withPg(client => client.query(null)),
  pgPool: async () => {
    const pool = new pg.Pool({ connectionString: process.env.POSTGRES, max: 2 });
    const rows = await Promise.all([1, 2, 3].map(async n => (await pool.query('SELECT $1::int AS n', [n])).rows[0].n));
    const failed = await pool.query('nonsense').catch(told);
    await pool.end();
    return [rows, failed];
  },
  pgTransaction: () => withPg(async client => {
    await client.query('BEGIN');
    const { rows } = await client.query('SELECT 1 AS n');
    await client.query('ROLLBACK');
    return rows;
  }),
  mysql2Callback: () => withMysql(mysql2, (connection, done) => connection.query('SELECT 1', (error, rows) => done(error, rows))),
  mysql2Values: () => withMysql(mysql2, (connection, done) => connection.query('SELECT ?', ['secret-value'], (error, rows) => done(error, rows))),
  mysql2Fails: () => withMysql(mysql2, (connection, done) => connection.query('BROKEN', error => done(error))),
  mysql2Events: () => withMysql(mysql2, (connection, done) => {
    const rows = [];
    connection.query('SELECT 1').on('result', row => rows.push(row)).on('end', () => done(rows));
  }),
  mysql2Promise: async () => {
    const connection = await mysql2Promise.createConnection(options());
    const [rows] = await connection.query('SELECT 1');
    const failed = await connection.query('BROKEN').catch(told);
    await connection.end();
    return [rows, failed];
  },
  mysql2Pool: async () => {
    const pool = mysql2Promise.createPool(options());
    const [rows] = await pool.query('SELECT 1');
    await pool.end();
    return rows;
  },
  mysqlCallback: () => withMysql(mysql, (connection, done) => connection.query('SELECT 1', (error, rows) => done(error, rows))),
  mysqlFails: () => withMysql(mysql, (connection, done) => connection.query('BROKEN', error => done(error))),
  mysqlEvents: () => withMysql(mysql, (connection, done) => {
    const rows = [];
    connection.query({ sql: 'SELECT ?', values: ['a'] }).on('result', row => rows.push(row)).on('end', () => done(rows));
  }),
  mysqlPool: () => new Promise(resolve => {
    const pool = mysql.createPool(options());
    pool.query('SELECT 1', (error, rows) => pool.end(() => resolve([error, rows])));
  }),
});
