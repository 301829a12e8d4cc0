// SQL in GetLogs with @alicloud/log (v1, meta in headers) and @alicloud/sls20201230 (GetLogs v1 and GetLogsV2).
'use strict';
const dns = require('node:dns');
const OpenApi = require('@alicloud/openapi-client');
const Log = require('@alicloud/log');
const Sls = require('@alicloud/sls20201230');
const { check, equal, truth, keysOf, cloud } = require('./harness');

const lookup = dns.lookup;
dns.lookup = (host, options, done) => {
  if (!host.endsWith('sls.test')) return lookup(host, options, done);
  if (typeof options === 'function') [options, done] = [{}, options];
  return options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
};

const port = cloud.host.split(':')[1];
const C = '1100000000000003', P = 'analytics-project', S = 'store';
const log = new Log({ ...keysOf(C), endpoint: `sls.test:${port}` });
const sls = new Sls.default(new OpenApi.Config({ ...keysOf(C), endpoint: `sls.test:${port}`, protocol: 'http', regionId: cloud.region }));
const now = Math.floor(Date.now() / 1000);
const [from, to] = [now - 600, now + 600];
const plain = (v) => JSON.parse(JSON.stringify(v));
const body = (a) => (a.body && a.body.toMap ? a.body.toMap() : a.body);

// failed expects an error with this code.
async function failed(promise, code, part) {
  let error;
  try {
    await promise;
  } catch (e) {
    error = e;
  }
  truth(error, `no error, want ${code}`);
  equal(error.code, code, 'code');
  truth(String(error.message).includes(part), `the error does not say ${part}: ${error.message}`);
}

async function prepare() {
  await log.createProject(P, { description: 'analytics' });
  await log.createLogStore(P, S, { ttl: 7, shardCount: 2 });
  await log.createIndex(P, S, {
    ttl: 7,
    line: { token: [' '], caseSensitive: false },
    keys: { method: { type: 'text', token: [' '], caseSensitive: false, doc_value: true }, status: { type: 'long', doc_value: true }, secret: { type: 'text', token: [' '], doc_value: false } },
  });
  const logs = [];
  for (let i = 0; i < 12; i++) logs.push({ timestamp: now, content: { method: i % 3 ? 'GET' : 'POST', status: String(200 + 100 * (i % 2)), secret: 'x' } });
  await log.postLogStoreLogs(P, S, { logs, topic: 'web', source: '10.0.0.1' });
}

const SQL = 'status >= 200 | select method as m, count(*) as n, sum(status) as s from log group by m order by n desc';
const rows = [{ m: 'GET', n: '8', s: '2000' }, { m: 'POST', n: '4', s: '1000' }];

async function main() {
  await check('SLS SQL: prepare', prepare);
  await check('SLS SQL: @alicloud/log groups, and all values are strings', async () => equal(plain(await log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query: SQL })), rows));
  await check('SLS SQL: @alicloud/sls20201230 GetLogs', async () => {
    const answer = await sls.getLogs(P, S, new Sls.GetLogsRequest({ from, to, query: SQL }));
    equal(plain(answer.body), rows);
    equal([answer.headers['x-log-has-sql'], answer.headers['x-log-where-query'], answer.headers['x-log-progress']], ['true', 'status >= 200', 'Complete']);
  });
  for (const encoding of ['', 'lz4']) {
    await check(`SLS SQL: GetLogsV2 says what it did in meta, encoding ${encoding || 'plain'}`, async () => {
      const headers = new Sls.GetLogsV2Headers(encoding ? { acceptEncoding: encoding } : {});
      const { meta, data } = plain(body(await sls.getLogsV2WithOptions(P, S, new Sls.GetLogsV2Request({ from, to, query: SQL }), headers, {})));
      equal(data, rows);
      equal([meta.hasSQL, meta.keys, meta.columnTypes, meta.count, meta.whereQuery], [true, ['m', 'n', 's'], ['varchar', 'bigint', 'bigint'], 2, 'status >= 200']);
    });
  }
  await check('SLS SQL: histograms count the search alone', async () => {
    const list = await log.getHistograms(P, S, new Date(from * 1000), new Date(to * 1000), { query: SQL });
    equal(list.reduce((n, bar) => n + bar.count, 0), 12);
  });
  for (const [name, query, part] of [
    ['a field without statistics', '* | select secret', "Column 'secret' cannot be resolved"],
    ['a column that is not grouped', '* | select method, count(*)', 'must be an aggregate expression'],
    ['a semicolon at the end', '* | select count(*);', "mismatched input ';'"],
    ['text in double quotes', '* | select count(*) where method = "GET"', "Column 'GET' cannot be resolved"],
    ['a statement that is no query', '* | drop table log', "mismatched input 'drop'"],
    ['a number beside a text', "* | select count(*) where status = '200'", 'cannot be applied to bigint, varchar'],
  ]) {
    await check(`SLS SQL: ${name} is refused`, () => failed(log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query }), 'ParameterInvalid', part));
  }
  await check('SLS SQL: LIMIT pages', async () => equal(plain(await log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query: '* | select status order by status limit 11, 5' })), [{ status: '300' }]));
  await check('SLS SQL: window functions', async () => equal(
    plain(await log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query: '* | select method, n, rank() over (order by n desc) as r, sum(n) over () as total from (select method, count(*) as n from log group by method) order by r' })),
    [{ method: 'GET', n: '8', r: '1', total: '12' }, { method: 'POST', n: '4', r: '2', total: '12' }],
  ));
  await check('SLS SQL: UNNEST and TRY', async () => equal(
    plain(await log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query: "method:POST | select part, count(*) as n, max(try(cast(part as bigint))) as x from log, unnest(split(method, 'O')) as t(part) group by part order by part" })),
    [{ part: 'P', n: '4', x: 'null' }, { part: 'ST', n: '4', x: 'null' }],
  ));
  await check('SLS SQL: networks', async () => equal(
    plain(await log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query: "* | select ip_prefix(__source__, 24) as net, is_subnet_of('10.0.0.0/8', __source__) as mine, count(*) as n from log group by 1, 2" })),
    [{ net: '10.0.0.0/24', mine: 'true', n: '12' }],
  ));
  await check('SLS SPL: a scan', async () => {
    const list = plain(await log.getLogs(P, S, new Date(from * 1000), new Date(to * 1000), { query: "method:POST | where status = '300' | project status" }));
    equal(list, Array(2).fill({ __time__: String(now), status: '300' }));
  });
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
