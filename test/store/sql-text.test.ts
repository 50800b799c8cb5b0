import { expect, test } from 'vitest'
import { scanSql } from '../../src/store/sql-text.ts'
import { cpuMs } from '../lib/cpu-time.ts'

test.for([
  { sql: 'SELECT 1', verb: 'SELECT', format: undefined, isMulti: false },
  { sql: 'select 1 format JSON;', verb: 'SELECT', format: 'JSON', isMulti: false },
  { sql: 'SELECT 1; -- end\n/* ; */ ;', verb: 'SELECT', format: undefined, isMulti: false },
  { sql: 'SELECT 1; SELECT 2', verb: 'SELECT', format: undefined, isMulti: true },
  { sql: 'SELECT \';\' || ";" || `;` -- ;', verb: 'SELECT', format: undefined, isMulti: false },
  { sql: "SELECT 'it''s; \\'; ', format(a, b)", verb: 'SELECT', format: undefined, isMulti: false },
  {
    sql: '/* a */ -- b\n with x as (select 1) select',
    verb: 'WITH',
    format: undefined,
    isMulti: false,
  },
  { sql: "INSERT INTO t VALUES ('a;b'); ('c')", verb: 'INSERT', format: undefined, isMulti: false },
])('$sql', ({ sql, verb, format, isMulti }) => {
  expect(scanSql(sql)).toMatchObject({ verb, format, isMulti, dataAt: undefined })
})

test.for([
  { sql: 'INSERT INTO t FORMAT CSV', data: '' },
  { sql: 'INSERT INTO t (a, b) FORMAT JSONEachRow {"a":1}', data: '{"a":1}' },
  { sql: 'insert into t settings x=1 format CSV\r\n1;2;{a:b}', data: '1;2;{a:b}' },
  { sql: 'INSERT INTO t FORMAT TSV\n\n\t', data: '\n\t' },
  { sql: 'INSERT INTO t FORMAT Native;\n\x01\x02', data: '\x01\x02' },
])('data starts behind $sql', ({ sql, data }) => {
  const { dataAt } = scanSql(sql)
  expect(sql.slice(dataAt)).toBe(data)
})

test('an INSERT that selects has no data of its own', () => {
  expect(scanSql('INSERT INTO t SELECT 1 FORMAT Null').dataAt).toBeUndefined()
})

test('a megabyte of literals is scanned in well under a second', () => {
  const sql = `SELECT '${'a\\\\'.repeat(300_000)}', ${'{ a : '.repeat(30_000)}${"'".repeat(9)}`
  const startMs = cpuMs()
  scanSql(sql)
  expect(cpuMs() - startMs).toBeLessThan(1_000)
})
