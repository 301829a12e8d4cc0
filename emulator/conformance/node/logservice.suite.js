// Log Service with @alicloud/log (signature v1 with SHA-1) and @alicloud/sls20201230 (v1 with SHA-256, chunked bodies):
// projects, Logstores, shards, consumer groups, indexes, search, context, saved searches, alerts, web tracking, quotas.
'use strict';
const dns = require('node:dns');
const http = require('node:http');
const OpenApi = require('@alicloud/openapi-client');
const Log = require('@alicloud/log');
const Sls = require('@alicloud/sls20201230');
const { check, equal, truth, keysOf, refused, cloud } = require('./harness');

const lookup = dns.lookup;
dns.lookup = (host, options, done) => {
  if (!host.endsWith('sls.test')) return lookup(host, options, done);
  if (typeof options === 'function') [options, done] = [{}, options];
  return options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
};

const port = cloud.host.split(':')[1];
const C = '1100000000000003', D = '1100000000000004';
const P = 'suite-project', S = 'suite-store';
const old = (uid) => new Log({ ...keysOf(uid), endpoint: `sls.test:${port}` });
const log = old(C);
const clientOf = (uid) => new Sls.default(new OpenApi.Config({ ...keysOf(uid), endpoint: `sls.test:${port}`, protocol: 'http', regionId: cloud.region }));
const sls = clientOf(C);
const now = () => Math.floor(Date.now() / 1000);
const body = (answer) => answer.body && answer.body.toMap ? answer.body.toMap() : answer.body;

// failed expects an error with this code; the old client does not tell the status.
async function failed(promise, code) {
  let error;
  try {
    await promise;
  } catch (e) {
    error = e;
  }
  truth(error, `no error, want ${code}`);
  equal(error.code, code, 'code');
}

// plain sends a request without a signature.
function plain(method, path, text, headers = {}) {
  return new Promise((resolve, reject) => {
    const r = http.request({ host: '127.0.0.1', port, method, path, headers: { Host: `${P}.sls.test:${port}`, ...headers } }, (res) => {
      const parts = [];
      res.on('data', (d) => parts.push(d)).on('end', () => resolve({ status: res.statusCode, type: res.headers['content-type'], text: Buffer.concat(parts).toString('latin1') }));
    });
    r.on('error', reject);
    r.end(text);
  });
}

async function projects() {
  await check('SLS: create a project', () => sls.createProject(new Sls.CreateProjectRequest({ projectName: P, description: 'one', recycleBinEnabled: true })));
  await check('SLS: a second project of the name, in another account', () => refused(clientOf(D).createProject(new Sls.CreateProjectRequest({ projectName: P, description: 'x' })), 400, 'ProjectAlreadyExist'));
  await check('SLS: a project name with a dash at the end', () => refused(sls.createProject(new Sls.CreateProjectRequest({ projectName: 'abc-', description: 'x' })), 400, 'ParameterInvalid'));
  await check('SLS: update what is named', () => sls.updateProject(P, new Sls.UpdateProjectRequest({ description: 'two' })));
  await check('SLS: read it', async () => {
    const p = body(await sls.getProject(P));
    equal([p.projectName, p.description, p.recycleBinEnabled, p.status, p.owner], [P, 'two', true, 'Normal', C]);
    truth(/^\d+$/.test(p.createTime), `createTime ${p.createTime}`);
  });
  await check('SLS: the old client reads it', async () => equal((await log.getProject(P)).description, 'two'));
  await check('SLS: the project of another account', () => refused(clientOf(D).getProject(P), 401, 'Unauthorized'));
  await check('SLS: no project', () => refused(sls.getProject('no-such-project'), 404, 'ProjectNotExist'));
  await check('SLS: tags are not offered and the error names them', async () => {
    const e = await refused(sls.tagResources(new Sls.TagResourcesRequest({ resourceType: 'project', resourceId: [P], tags: [] })), 501, 'NotImplemented');
    truth(String(e.message).includes('TagResources'), e.message);
  });
}

async function stores() {
  await check('SLS: create a Logstore', () => log.createLogStore(P, S, { ttl: 30, shardCount: 2 }));
  await check('SLS: create it again', () => failed(log.createLogStore(P, S, { ttl: 30, shardCount: 2 }), 'LogStoreAlreadyExist'));
  await check('SLS: a retention of 3651 days', () => refused(sls.createLogStore(P, new Sls.CreateLogStoreRequest({ logstoreName: 'other', ttl: 3651, shardCount: 2 })), 400, 'LogStoreInfoInvalid'));
  await check('SLS: update it', () => sls.updateLogStore(P, S, new Sls.UpdateLogStoreRequest({ logstoreName: S, ttl: 60, enableTracking: true, shardCount: 9 })));
  await check('SLS: the number of shards stays', async () => {
    const l = body(await sls.getLogStore(P, S));
    equal([l.ttl, l.enable_tracking, l.shardCount, l.mode], [60, true, 2, 'standard']);
  });
  await check('SLS: list Logstores', async () => equal(await log.listLogStore(P, { logstoreName: 'suite' }), { count: 1, total: 1, logstores: [S] }));
  await check('SLS: no Logstore', () => failed(log.getLogStore(P, 'absent'), 'LogStoreNotExist'));
  await check('SLS: split a shard', async () => {
    const { body } = await sls.splitShard(P, S, 1, new Sls.SplitShardRequest({ key: 'c0'.padEnd(32, '0') }));
    equal(body.map((s) => `${s.shardID} ${s.status}`), ['1 readonly', '2 readwrite', '3 readwrite']);
  });
  await check('SLS: merge the children', async () => {
    const { body } = await sls.mergeShard(P, S, 2);
    equal(body.map((s) => `${s.shardID} ${s.status}`), ['4 readwrite', '2 readonly', '3 readonly']);
  });
  await check('SLS: the last shard is not merged', () => refused(sls.mergeShard(P, S, 4), 400, 'ParameterInvalid'));
  await check('SLS: list shards', async () => equal((await sls.listShards(P, S)).body.map((s) => s.shardID), [0, 1, 2, 3, 4]));
}

async function groups() {
  const cg = new Sls.CreateConsumerGroupRequest({ consumerGroup: 'readers', timeout: 60, order: false });
  await check('SLS: create a consumer group', () => sls.createConsumerGroup(P, S, cg));
  await check('SLS: create it again', () => refused(sls.createConsumerGroup(P, S, cg), 400, 'ConsumerGroupAlreadyExist'));
  await check('SLS: a heartbeat takes all shards', async () => equal((await sls.consumerGroupHeartBeat(P, S, 'readers', new Sls.ConsumerGroupHeartBeatRequest({ consumer: 'a', body: [] }))).body.map(Number), [0, 1, 2, 3, 4]));
  await check('SLS: a stranger who holds shards', () => refused(sls.consumerGroupHeartBeat(P, S, 'readers', new Sls.ConsumerGroupHeartBeatRequest({ consumer: 'b', body: [1] })), 400, 'NotExistConsumerWithBody'));
  await check('SLS: a second consumer gets its share when the first lets go', async () => {
    const beat = async (consumer, held) => (await sls.consumerGroupHeartBeat(P, S, 'readers', new Sls.ConsumerGroupHeartBeatRequest({ consumer, body: held }))).body.map(Number);
    equal(await beat('b', []), []);
    const kept = await beat('a', [0, 1, 2, 3, 4]);
    equal(kept.length, 3);
    equal(await beat('a', kept), kept);
    equal((await beat('b', [])).length, 2);
  });
  await check('SLS: a checkpoint that is no cursor', () => refused(sls.consumerGroupUpdateCheckPoint(P, S, 'readers', new Sls.ConsumerGroupUpdateCheckPointRequest({ consumer: 'a', forceSuccess: true, shard: 0, checkpoint: '!' })), 400, 'InvalidShardCheckPoint'));
  await check('SLS: save a checkpoint', () => sls.consumerGroupUpdateCheckPoint(P, S, 'readers', new Sls.ConsumerGroupUpdateCheckPointRequest({ consumer: 'a', forceSuccess: true, shard: 0, checkpoint: 'MQ==' })));
  await check('SLS: read the checkpoint of a shard', async () => {
    const { body } = await sls.getCheckPoint(P, S, 'readers', new Sls.GetCheckPointRequest({ shard: 0 }));
    equal(body.map((c) => [c.shard, c.checkpoint, c.consumer]), [[0, 'MQ==', 'a']]);
  });
  await check('SLS: delete the group', () => sls.deleteConsumerGroup(P, S, 'readers'));
}

const keys = { note: { type: 'text', token: [' '], caseSensitive: false }, n: { type: 'long' } };

async function searches() {
  const range = [new Date(Date.now() - 600e3), new Date(Date.now() + 600e3)];
  await check('SLS: search without an index', () => failed(log.getLogs(P, S, ...range, {}), 'IndexConfigNotExist'));
  await check('SLS: an index of a type that is none', () => failed(log.createIndex(P, S, { keys: { note: { type: 'number' } } }), 'IndexInfoInvalid'));
  await check('SLS: create an index', () => log.createIndex(P, S, { ttl: 30, keys, line: { token: [' '], caseSensitive: false } }));
  await check('SLS: create it again', () => failed(log.createIndex(P, S, { keys }), 'IndexAlreadyExist'));
  const put = (pack, ...notes) => log.postLogStoreLogs(P, S, {
    topic: 'suite', source: 'node', tags: [{ __pack_id__: pack }], logs: notes.map((note, n) => ({ timestamp: now(), content: { note, n: String(n) } })),
  });
  await check('SLS: write logs', async () => {
    await put('AB12-1', 'one', 'two');
    await put('AB12-3', 'five', 'six');
    await put('AB12-2', 'three', 'four');
    await put('CD34-1', 'elsewhere');
  });
  for (const [query, want] of [
    ['note:two', ['two']], ['n > 0 and not note:six', ['four', 'two']], ['note: t*', ['three', 'two']], ['n in [1 5] and (six or four)', ['four', 'six']], ['__topic__:other', []],
  ]) {
    await check(`SLS: search ${query}`, async () => equal((await log.getLogs(P, S, ...range, { query })).map((r) => r.note).sort(), want));
  }
  await check('SLS: a query that cannot be read', () => failed(log.getLogs(P, S, ...range, { query: 'note: (' }), 'ParameterInvalid'));
  await check('SLS: histogram', async () => {
    const bars = await log.getHistograms(P, S, ...range, { query: 'n >= 0' });
    equal(bars.reduce((sum, b) => sum + b.count, 0), 7);
  });
  await check('SLS: GetLogsV2', async () => {
    const request = new Sls.GetLogsV2Request({ from: now() - 600, to: now() + 600, query: 'note:one', line: 10, offset: 0, reverse: false });
    const { data, meta } = body(await sls.getLogsV2(P, S, request));
    equal([data.length, data[0].note, meta.progress, meta.count], [1, 'one', 'Complete', 1]);
  });
  await check('SLS: the neighbours of a log', async () => {
    const [three] = await log.getLogs(P, S, ...range, { query: 'note:three | with_pack_meta' });
    truth(three.__pack_meta__, 'there is no __pack_meta__');
    const request = { packId: three['__tag__:__pack_id__'], packMeta: three.__pack_meta__, backLines: 3, forwardLines: 2 };
    const c = body(await sls.getContextLogs(P, S, new Sls.GetContextLogsRequest(request)));
    equal(c.logs.map((l) => `${l.__index_number__} ${l.note}`), ['-2 one', '-1 two', '0 three', '1 four', '2 five']);
    equal([c.progress, c.total_lines, c.back_lines, c.forward_lines], ['Complete', 5, 2, 2]);
    await refused(sls.getContextLogs(P, S, new Sls.GetContextLogsRequest({ ...request, packId: 'CD34-1' })), 400, 'ParameterInvalid');
    await refused(sls.getContextLogs(P, S, new Sls.GetContextLogsRequest({ ...request, backLines: 101 })), 400, 'ParameterInvalid');
  });
}

async function objects() {
  const search = { savedsearchName: 'pv-by-minute', searchQuery: '* | select count(1)', logstore: S, topic: '', displayName: 'PV' };
  const create = (more) => sls.createSavedSearch(P, new Sls.CreateSavedSearchRequest({ ...search, ...more }));
  await check('SLS: create a saved search', () => create({}));
  await check('SLS: a saved search with a long name', () => refused(create({ savedsearchName: 'a'.repeat(64) }), 400, 'PostBodyInvalid'));
  await check('SLS: update the saved search', () => sls.updateSavedSearch(P, 'pv-by-minute', new Sls.UpdateSavedSearchRequest({ ...search, displayName: 'Views' })));
  await check('SLS: read the saved search', async () => equal(body(await sls.getSavedSearch(P, 'pv-by-minute')), { ...search, displayName: 'Views' }));
  await check('SLS: list saved searches', async () => {
    const l = body(await sls.listSavedSearch(P, new Sls.ListSavedSearchRequest({ offset: 0, size: 10 })));
    equal([l.count, l.total, l.savedsearchItems.map((i) => i.displayName)], [1, 1, ['Views']]);
  });
  await check('SLS: one saved search too many', async () => {
    for (let n = 1; n < 100; n++) await create({ savedsearchName: `search-${n}` });
    await refused(create({ savedsearchName: 'search-100' }), 400, 'ExceedQuota');
  });
  await check('SLS: delete the saved search', () => sls.deleteSavedSearch(P, 'pv-by-minute'));
  await check('SLS: it is gone', () => refused(sls.getSavedSearch(P, 'pv-by-minute'), 404, 'SavedSearchNotExist'));

  const schedule = new Sls.Schedule({ type: 'FixedRate', interval: '5m' });
  const configuration = new Sls.AlertConfiguration({ version: '2.0', type: 'default', queryList: [new Sls.AlertQuery({ store: S, storeType: 'log', query: 'error', start: '-5m', end: 'now' })] });
  await check('SLS: create an alert', () => sls.createAlert(P, new Sls.CreateAlertRequest({ name: 'errors', displayName: 'Errors', schedule, configuration })));
  await check('SLS: enable it twice', () => refused(sls.enableAlert(P, 'errors'), 400, 'ParameterInvalid'));
  await check('SLS: disable it', () => sls.disableAlert(P, 'errors'));
  await check('SLS: read it', async () => {
    const a = body(await sls.getAlert(P, 'errors'));
    equal([a.name, a.status, a.schedule.interval], ['errors', 'DISABLED', '5m']);
  });
  await check('SLS: list alerts', async () => equal(body(await sls.listAlerts(P, new Sls.ListAlertsRequest({ offset: 0, size: 10 }))).total, 1));
  await check('SLS: delete it', () => sls.deleteAlert(P, 'errors'));
  await check('SLS: no alert', () => refused(sls.getAlert(P, 'errors'), 404, 'JobNotExist'));
  await check('SLS: scheduled SQL is not offered and the error names it', async () => {
    const e = await refused(sls.listScheduledSQLs(P, new Sls.ListScheduledSQLsRequest({})), 501, 'NotImplemented');
    truth(String(e.message).includes('ListScheduledSQLs'), e.message);
  });
}

async function tracking() {
  const count = async (query) => (await log.getLogs(P, S, new Date(Date.now() - 600e3), new Date(Date.now() + 600e3), { query })).length;
  await check('SLS: PutWebtracking', async () => {
    await sls.putWebtracking(P, S, new Sls.PutWebtrackingRequest({ topic: 'web', source: 'browser', tags: { page: 'home' }, logs: [{ note: 'click' }, { note: 'buy' }] }));
    equal(await count('__topic__:web and __tag__:page:home'), 2);
  });
  await check('SLS: web tracking by GET, unsigned', async () => {
    const a = await plain('GET', `/logstores/${S}/track?APIVersion=0.6.0&__topic__=pixel&note=seen`);
    equal([a.status, a.text], [200, '']);
    const image = await plain('GET', `/logstores/${S}/track_ua.gif?APIVersion=0.6.0&__topic__=pixel&note=seen`, undefined, { 'User-Agent': 'suite' });
    equal([image.status, image.type, image.text.slice(0, 3)], [200, 'image/gif', 'GIF']);
    equal(await count('__topic__:pixel and note:seen'), 2);
  });
  await check('SLS: web tracking switched off', async () => {
    await sls.updateLogStore(P, S, new Sls.UpdateLogStoreRequest({ logstoreName: S, ttl: 60, enableTracking: false }));
    await refused(sls.putWebtracking(P, S, new Sls.PutWebtrackingRequest({ logs: [{ note: 'x' }] })), 401, 'Unauthorized');
  });
}

async function end() {
  await check('SLS: delete the index', () => log.deleteIndex(P, S));
  await check('SLS: it is gone', () => failed(log.getIndexConfig(P, S), 'IndexConfigNotExist'));
  await check('SLS: delete the Logstore', () => log.deleteLogStore(P, S));
  await check('SLS: delete the project', () => log.deleteProject(P));
  await check('SLS: the project is gone', () => failed(log.getProject(P), 'ProjectNotExist'));
}

(async () => {
  for (const part of [projects, stores, groups, searches, objects, tracking, end]) await part();
})();
