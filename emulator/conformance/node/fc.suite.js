// Function Compute 2023-03-30 with its generated client: a program of a custom runtime, its versions, aliases, triggers,
// domains, asynchronous tasks, limits, and the operations that are refused.
'use strict';
const http = require('node:http');
const { Readable } = require('node:stream');
const zlib = require('node:zlib');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const { RuntimeOptions } = require('@darabonba/typescript');
const Fc = require('@alicloud/fc20230330');
const crypto = require('node:crypto');
const { check, equal, truth, keysOf, pop, refused, cloud } = require('./harness');

const B = '1100000000000002', C = '1100000000000003';

// client calls an operation: fc('createFunction', 'CreateFunctionRequest', {…}, 'path', 'segments').
function client(keys) {
  const c = new Fc.default(new $OpenApiUtil.Config({ ...keys, endpoint: cloud.host, protocol: 'HTTP', regionId: cloud.region }));
  const call = async (method, request, fields, ...path) =>
    (request ? c[method](...path, new Fc[request](fields || {})) : c[method](...path));
  call.raw = c;
  return call;
}
const fc = client(keysOf(B)), stranger = client(keysOf(C)), nobody = client({ accessKeyId: keysOf(B).accessKeyId, accessKeySecret: 'wrong' });

// program is an HTTP server for a custom runtime. It answers with what it received; {"fail":true} makes it fail,
// {"die":true} ends it, {"sleep":ms} makes it wait.
const program = `
const http = require('http');
http.createServer((req, res) => {
  const parts = [];
  req.on('data', (d) => parts.push(d)).on('end', () => {
    const id = req.headers['x-fc-request-id'], body = Buffer.concat(parts).toString();
    if (req.headers['x-fc-control-path'] === '/http-invoke') {
      res.writeHead(201, { 'x-program': 'node', 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] });
      return res.end(req.method + ' ' + req.url + ' ' + body);
    }
    let order = {};
    try { order = JSON.parse(body); } catch {}
    if (order.die) process.exit(3);
    console.log('FC Invoke Start RequestId: ' + id);
    console.log('stage ' + process.env.STAGE);
    console.log('FC Invoke End RequestId: ' + id);
    if (order.fail) { res.writeHead(404, { 'x-fc-status': '404' }); return res.end(JSON.stringify({ errorMessage: 'asked to' })); }
    setTimeout(() => res.end(JSON.stringify({ body, stage: process.env.STAGE, headers: req.headers })), order.sleep || 0);
  });
}).listen(process.env.FC_CUSTOM_LISTEN_PORT, '0.0.0.0');
`;

function crc32(data) {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

// zip packs one file.
function zip(name, text) {
  const data = Buffer.from(text), packed = zlib.deflateRawSync(data), title = Buffer.from(name);
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt16LE(8, 4);
  head.writeUInt32LE(crc32(data), 10);
  head.writeUInt32LE(packed.length, 14);
  head.writeUInt32LE(data.length, 18);
  head.writeUInt16LE(title.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), head, title, packed]);
  const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), head, Buffer.alloc(14), title]);
  entry.writeUInt32LE(0, 42);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]).toString('base64');
}

const definition = (more = {}) => ({
  functionName: 'web', runtime: 'custom.debian12', handler: 'index', timeout: 60, memorySize: 512, cpu: 0.5, diskSize: 512,
  code: { zipFile: zip('index.js', program) }, environmentVariables: { STAGE: 'one' },
  customRuntimeConfig: { command: ['node'], args: ['/code/index.js'] }, ...more,
});
const create = (call, more) => call('createFunction', 'CreateFunctionRequest', { body: definition(more) });

async function textOf(stream) {
  const parts = [];
  for await (const p of stream) parts.push(p);
  return Buffer.concat(parts.map((p) => Buffer.from(p))).toString();
}

// invoke answers with status, headers and body.
async function invoke(call, event, { qualifier, ...headers } = {}, name = 'web') {
  const r = await call.raw.invokeFunctionWithOptions(name, new Fc.InvokeFunctionRequest({ body: Readable.from([Buffer.from(event)]), qualifier }),
    new Fc.InvokeFunctionHeaders(headers), new RuntimeOptions({ readTimeout: 120000 }));
  const text = r.body ? await textOf(r.body) : '';
  return { status: r.statusCode, headers: r.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

// web sends a request to a host of the cloud.
function web(host, path, { method = 'GET', body = '', headers = {} } = {}) {
  const [hostname, port] = cloud.host.split(':');
  return new Promise((resolve, reject) => {
    const req = http.request({ hostname, port, path, method, headers: { Host: host, ...headers } }, async (res) => resolve({ status: res.statusCode, headers: res.headers, text: await textOf(res) }));
    req.on('error', reject).end(body);
  });
}

// bucket sends a request to a bucket, with signature V1.
function bucket(keys, name, method, key, body = '', query = '') {
  const date = new Date().toUTCString(), type = body ? 'application/octet-stream' : '';
  const text = [method, '', type, date, `/${name}/${key}${query}`].join('\n');
  const signature = crypto.createHmac('sha1', keys.accessKeySecret).update(text).digest('base64');
  return web(`${name}.oss-${cloud.region}.aliyuncs.com`, `/${key}${query}`, {
    method, body, headers: { Date: date, Authorization: `OSS ${keys.accessKeyId}:${signature}`, ...(type ? { 'Content-Type': type } : {}), 'Content-Length': Buffer.byteLength(body) },
  });
}

async function until(what, probe) {
  for (let i = 0; i < 5000; i++) {
    if (await probe()) return;
    await new Promise((r) => setTimeout(r, 25));
  }
  throw new Error(`${what} did not come true`);
}

async function functions() {
  await check('FC: a wrong signature', () => refused(create(nobody), 403, 'SignatureNotMatch'));
  await check('FC: create a function', async () => {
    const { body, statusCode } = await create(fc, { tags: [{ key: 'team', value: 'soc' }] });
    equal([statusCode, body.functionName, body.runtime, body.state, body.functionArn], [201, 'web', 'custom.debian12', 'Active', `acs:fc:${cloud.region}:${B}:functions/web`]);
    truth(/^\d+$/.test(body.codeChecksum) && body.codeSize > 0, 'no checksum or size');
  });
  await check('FC: a second function of the name', () => refused(create(fc), 409, 'FunctionAlreadyExists'));
  await check('FC: a ratio of cpu to memory', () => refused(create(fc, { functionName: 'x', cpu: 0.05, memorySize: 512 }), 400, 'InvalidArgument'));
  await check('FC: a wrong checksum', () => refused(create(fc, { functionName: 'x', code: { ...definition().code, checksum: '1' } }), 400, 'InvalidArgument'));
  await check('FC: a reserved variable', () => refused(create(fc, { functionName: 'x', environmentVariables: { FC_X: '1' } }), 400, 'InvalidArgument'));
  await check('FC: get and list functions', async () => {
    const { body: f } = await fc('getFunction', 'GetFunctionRequest', {}, 'web');
    equal([f.environmentVariables, f.tags.map((t) => [t.key, t.value])], [{ STAGE: 'one' }, [['team', 'soc']]]);
    equal((await fc('listFunctions', 'ListFunctionsRequest', { prefix: 'w' })).body.functions.map((f) => f.functionName), ['web']);
  });
  await check('FC: a function of another account', () => refused(stranger('getFunction', 'GetFunctionRequest', {}, 'web'), 404, 'FunctionNotFound'));
  await check('FC: download the code', async () => {
    const { body } = await fc('getFunctionCode', 'GetFunctionCodeRequest', {}, 'web');
    const url = new URL(body.url);
    const got = await web(url.host, url.pathname);
    equal([got.status, body.checksum.length > 0], [200, true]);
  });
}

async function invocations() {
  await check('FC: invoke', async () => {
    const r = await invoke(fc, '{"a":1}');
    equal([r.status, r.json.body, r.json.stage], [200, '{"a":1}', 'one']);
    equal([r.headers['x-fc-error-type'], r.headers['x-fc-invocation-service-version']], [undefined, 'LATEST']);
    truth(/^1-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{12}$/.test(r.headers['x-fc-request-id']), `request id ${r.headers['x-fc-request-id']}`);
    truth(/^c-/.test(r.headers['x-fc-instance-id']) && r.headers['x-fc-code-checksum'], 'no instance or checksum');
    const h = r.json.headers;
    equal([h['x-fc-control-path'], h['content-type'], h['x-fc-function-name'], h['x-fc-account-id'], h['x-fc-function-timeout'], h['x-fc-qualifier'], h['x-fc-retry-count']],
      ['/invoke', 'application/octet-stream', 'web', B, '60', 'LATEST', '0']);
  });
  await check('FC: a failure of the function is status 200', async () => {
    const r = await invoke(fc, '{"fail":true}');
    equal([r.status, r.headers['x-fc-error-type'], r.json], [200, 'UnhandledInvocationError', { errorMessage: 'asked to' }]);
  });
  await check('FC: a process that ends', async () => {
    const r = await invoke(fc, '{"die":true}');
    equal([r.status, r.headers['x-fc-error-type']], [200, 'UnhandledInvocationError']);
    truth(/^Process exited unexpectedly before completing request/.test(r.json.errorMessage), r.text);
  });
  await check('FC: a time-out', async () => {
    await fc('updateFunction', 'UpdateFunctionRequest', { body: { timeout: 1 } }, 'web');
    const r = await invoke(fc, '{"sleep":60000}');
    equal([r.status, r.headers['x-fc-error-type'], /timed out after 1 seconds/.test(r.json.errorMessage)], [200, 'UnhandledInvocationError', true]);
    await fc('updateFunction', 'UpdateFunctionRequest', { body: { timeout: 60 } }, 'web');
  });
  await check('FC: the tail of the log', async () => {
    const r = await invoke(fc, '{}', { xFcLogType: 'Tail' });
    const log = Buffer.from(r.headers['x-fc-log-result'], 'base64').toString();
    truth(log.includes('stage one') && log.includes(`FC Invoke End RequestId: ${r.headers['x-fc-request-id']}`) && /Duration: .* Max Memory Used/.test(log), log);
  });
  await check('FC: an unknown invocation type', () => refused(invoke(fc, '{}', { xFcInvocationType: 'Later' }), 400, 'InvalidArgument'));
  await check('FC: an absent function', () => refused(invoke(fc, '{}', {}, 'nobody'), 404, 'FunctionNotFound'));
  await check('FC: an asynchronous payload above 128 KB', () => refused(invoke(fc, 'x'.repeat((128 << 10) + 1), { xFcInvocationType: 'Async' }), 400, 'EntityTooLarge'));
  await check('FC: invocation switched off and on', async () => {
    await fc('disableFunctionInvocation', 'DisableFunctionInvocationRequest', { body: { reason: 'test' } }, 'web');
    await refused(invoke(fc, '{}'), 403, 'FunctionInvocationDisabled');
    await fc('enableFunctionInvocation', '', null, 'web');
    equal((await invoke(fc, '{}')).status, 200);
  });
}

async function versions() {
  await check('FC: publish versions', async () => {
    equal((await fc('publishFunctionVersion', 'PublishFunctionVersionRequest', { body: { description: 'first' } }, 'web')).body.versionId, '1');
    await fc('updateFunction', 'UpdateFunctionRequest', { body: { environmentVariables: { STAGE: 'two' } } }, 'web');
    equal((await fc('publishFunctionVersion', 'PublishFunctionVersionRequest', { body: {} }, 'web')).body.versionId, '2');
    equal((await fc('listFunctionVersions', 'ListFunctionVersionsRequest', { direction: 'FORWARD' }, 'web')).body.versions.map((v) => v.versionId), ['1', '2']);
  });
  await check('FC: invoke versions and aliases', async () => {
    await fc('createAlias', 'CreateAliasRequest', { body: { aliasName: 'prod', versionId: '1' } }, 'web');
    const stage = async (qualifier) => (await invoke(fc, '{}', { qualifier })).json.stage;
    equal([await stage('1'), await stage('2'), await stage('prod'), await stage('LATEST')], ['one', 'two', 'one', 'two']);
    await fc('updateAlias', 'UpdateAliasRequest', { body: { versionId: '2' } }, 'web', 'prod');
    const r = await invoke(fc, '{}', { qualifier: 'prod' });
    equal([r.json.stage, r.json.headers['x-fc-qualifier'], r.json.headers['x-fc-version-id']], ['two', 'prod', '2']);
  });
  await check('FC: what a qualifier does not name', async () => {
    await refused(invoke(fc, '{}', { qualifier: '9' }), 404, 'VersionNotFound');
    await refused(invoke(fc, '{}', { qualifier: 'nobody' }), 404, 'AliasNotFound');
    await refused(fc('createAlias', 'CreateAliasRequest', { body: { aliasName: 'prod', versionId: '1' } }, 'web'), 409, 'AliasAlreadyExists');
  });
  await check('FC: delete an alias and its version', async () => {
    await refused(fc('deleteFunctionVersion', '', null, 'web', '2'), 400, 'InvalidArgument');
    await fc('deleteAlias', '', null, 'web', 'prod');
    await fc('deleteFunctionVersion', '', null, 'web', '2');
    await refused(fc('getAlias', '', null, 'web', 'prod'), 404, 'AliasNotFound');
  });
}

async function triggers() {
  const trigger = (triggerName, triggerType, config, more) => fc('createTrigger', 'CreateTriggerRequest', { body: { triggerName, triggerType, triggerConfig: JSON.stringify(config), ...more } }, 'web');
  let host;
  await check('FC: create an HTTP trigger', async () => {
    const { body } = await trigger('web', 'http', { authType: 'anonymous', methods: ['GET', 'POST'] });
    host = new URL(body.httpTrigger.urlInternet).host;
    truth(host.endsWith(`.${cloud.region}.fcapp.run`), host);
  });
  await check('FC: a second HTTP trigger', () => refused(trigger('web2', 'http', { authType: 'anonymous', methods: ['GET'] }), 400, 'InvalidArgument'));
  await check('FC: a trigger of the name', () => refused(trigger('web', 'timer', { cronExpression: '@every 1m', enable: false }), 409, 'TriggerAlreadyExists'));
  for (const kind of ['eventbridge', 'mns_topic', 'cdn_events', 'tablestore']) {
    await check(`FC: a trigger of type ${kind} is refused by name`, async () => {
      const e = await refused(trigger('other', kind, {}), 400, 'InvalidArgument');
      truth(e.message.includes(kind), e.message);
    });
  }
  await check('FC: a request to the default domain', async () => {
    const r = await web(host, '/a%2Fb?x=1', { method: 'POST', body: 'hello', headers: { Origin: 'https://o.example' } });
    equal([r.status, r.text, r.headers['x-program'], r.headers['content-disposition'], r.headers['access-control-allow-origin'], r.headers['set-cookie']],
      [201, 'POST /a%2Fb?x=1 hello', 'node', 'attachment', 'https://o.example', ['a=1', 'b=2']]);
    truth(r.headers['x-fc-request-id'], 'no request id');
  });
  await check('FC: a method that the trigger does not list', async () => {
    const r = await web(host, '/', { method: 'DELETE' });
    equal([r.status, JSON.parse(r.text).ErrorCode, r.headers['x-fc-error-type']], [403, 'FcCommonError', 'FcCommonError']);
  });
  await check('FC: a trigger that asks for a signature', async () => {
    await fc('updateTrigger', 'UpdateTriggerRequest', { body: { triggerConfig: JSON.stringify({ authType: 'function', methods: ['GET'] }) } }, 'web', 'web');
    equal((await web(host, '/')).status, 403);
    await fc('updateTrigger', 'UpdateTriggerRequest', { body: { triggerConfig: JSON.stringify({ authType: 'anonymous', methods: ['GET', 'POST'] }) } }, 'web', 'web');
  });
  await check('FC: bind a custom domain', async () => {
    const route = { path: '/app/*', functionName: 'web', qualifier: 'LATEST', methods: ['GET'] };
    const { body } = await fc('createCustomDomain', 'CreateCustomDomainRequest', { body: { domainName: 'app.example.com', protocol: 'HTTP', routeConfig: { routes: [route] } } });
    equal([body.accountId, body.domainName, body.routeConfig.routes.length], [B, 'app.example.com', 1]);
    const r = await web('app.example.com', '/app/x');
    equal([r.status, r.text, r.headers['content-disposition']], [201, 'GET /app/x ', undefined]);
    equal([(await web('app.example.com', '/other')).status, (await web('app.example.com', '/app/x', { method: 'POST' })).status], [404, 403]);
  });
  await check('FC: a custom domain of another account', async () => {
    await refused(stranger('getCustomDomain', '', null, 'app.example.com'), 404, 'DomainNameNotFound');
    await refused(stranger('createCustomDomain', 'CreateCustomDomainRequest', { body: { domainName: 'app.example.com', protocol: 'HTTP' } }), 409, 'DomainNameAlreadyExists');
  });
  await check('FC: change and list custom domains', async () => {
    await fc('updateCustomDomain', 'UpdateCustomDomainRequest', { body: { authConfig: { authType: 'function' } } }, 'app.example.com');
    equal((await web('app.example.com', '/app/x')).status, 403);
    equal((await fc('listCustomDomains', 'ListCustomDomainsRequest', { prefix: 'app' })).body.customDomains.map((d) => d.domainName), ['app.example.com']);
    await fc('deleteCustomDomain', '', null, 'app.example.com');
    await refused(fc('deleteCustomDomain', '', null, 'app.example.com'), 404, 'DomainNameNotFound');
  });
  await check('FC: a function with triggers stays', () => refused(fc('deleteFunction', '', null, 'web'), 400, 'InvalidArgument'));
  await check('FC: delete a trigger', async () => {
    await fc('deleteTrigger', '', null, 'web', 'web');
    await refused(fc('getTrigger', '', null, 'web', 'web'), 404, 'TriggerNotFound');
    equal((await fc('listTriggers', 'ListTriggersRequest', {}, 'web')).body.triggers, []);
  });
}

async function objects() {
  const keys = keysOf(B), ram = pop('2015-05-01', keys);
  await check('FC: code from a bucket, and what lies there', async () => {
    equal([(await bucket(keys, 'b-files', 'PUT', '', '', '?acl')).status, (await bucket(keys, 'b-files', 'GET', 'none')).status], [200, 404]);
    const put = await bucket(keys, 'b-files', 'PUT', 'code.zip', Buffer.from(definition().code.zipFile, 'base64'));
    equal([put.status, /^"[0-9A-F]{32}"$/.test(put.headers.etag)], [200, true]);
    await create(fc, { functionName: 'files', code: { ossBucketName: 'b-files', ossObjectName: 'code.zip' } });
    equal((await invoke(fc, '{}', {}, 'files')).json.stage, 'one');
    await refused(create(fc, { functionName: 'x', code: { ossBucketName: 'b-files', ossObjectName: 'none' } }), 400, 'InvalidArgument');
  });
  await check('FC: an OSS trigger', async () => {
    const trust = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['oss.aliyuncs.com'] } }] });
    const { Role } = await ram('CreateRole', { RoleName: 'oss-notify', AssumeRolePolicyDocument: trust });
    await ram('AttachPolicyToRole', { PolicyName: 'AliyunFCInvocationAccess', PolicyType: 'System', RoleName: 'oss-notify' });
    await fc('putAsyncInvokeConfig', 'PutAsyncInvokeConfigRequest', { body: { asyncTask: true } }, 'files');
    await fc('createTrigger', 'CreateTriggerRequest', { body: {
      triggerName: 'in', triggerType: 'oss', sourceArn: `acs:oss:${cloud.region}:${B}:b-files`, invocationRole: Role.Arn,
      triggerConfig: JSON.stringify({ events: ['oss:ObjectCreated:PutObject'], filter: { key: { prefix: 'in/', suffix: '' } } }),
    } }, 'files');
    await bucket(keys, 'b-files', 'PUT', 'out/a', 'x');
    await bucket(keys, 'b-files', 'PUT', 'in/a', 'hello');
    const list = async () => (await fc('listAsyncTasks', 'ListAsyncTasksRequest', { status: 'Succeeded', includePayload: true }, 'files')).body.tasks;
    await until('the trigger fires', async () => (await list()).length > 0);
    const [task, ...more] = await list();
    const event = JSON.parse(task.taskPayload).events[0];
    equal([more.length, event.eventName, event.oss.bucket.name, event.oss.object.key, event.oss.object.size], [0, 'ObjectCreated:PutObject', 'b-files', 'in/a', 5]);
  });
}

async function tasks() {
  const config = (fields) => fc('putAsyncInvokeConfig', 'PutAsyncInvokeConfigRequest', { body: fields }, 'web');
  const task = async (id) => (await fc('getAsyncTask', 'GetAsyncTaskRequest', {}, 'web', id)).body;
  await check('FC: an absent asynchronous configuration', () => refused(fc('getAsyncInvokeConfig', 'GetAsyncInvokeConfigRequest', {}, 'web'), 404, 'AsyncConfigNotFound'));
  await check('FC: a task id needs task mode', () => refused(invoke(fc, '{}', { xFcInvocationType: 'Async', xFcAsyncTaskId: 'one' }), 400, 'InvalidArgument'));
  for (const target of ['acs:mns:cn-hangzhou::/queues/q/messages', 'acs:eventbridge:cn-hangzhou:1:eventbus/default']) {
    await check(`FC: a destination ${target.split(':')[1]} is refused by name`, async () => {
      const e = await refused(config({ destinationConfig: { onFailure: { destination: target } } }), 400, 'InvalidArgument');
      truth(e.message.includes(target), e.message);
    });
  }
  await check('FC: an asynchronous task', async () => {
    await config({ asyncTask: true, maxAsyncRetryAttempts: 1, maxAsyncEventAgeInSeconds: 60 });
    const r = await invoke(fc, '{"n":1}', { xFcInvocationType: 'Async', xFcAsyncTaskId: 'one' });
    equal([r.status, r.text, r.headers['x-fc-async-task-id']], [202, '', 'one']);
    await until('the task succeeds', async () => (await task('one')).status === 'Succeeded');
    equal([(await task('one')).taskPayload, (await task('one')).alreadyRetriedTimes], ['{"n":1}', 0]);
  });
  await check('FC: a task that fails is tried again', async () => {
    await invoke(fc, '{"fail":true}', { xFcInvocationType: 'Async', xFcAsyncTaskId: 'bad' });
    await until('the task fails', async () => (await task('bad')).status === 'Failed');
    equal((await task('bad')).alreadyRetriedTimes, 1);
  });
  await check('FC: stop a task', async () => {
    await invoke(fc, '{"sleep":59000}', { xFcInvocationType: 'Async', xFcAsyncTaskId: 'long' });
    await until('the task runs', async () => (await task('long')).status === 'Running');
    await fc('stopAsyncTask', 'StopAsyncTaskRequest', {}, 'web', 'long');
    await until('the task is stopped', async () => (await task('long')).status === 'Stopped');
  });
  await check('FC: list tasks', async () => {
    equal((await fc('listAsyncTasks', 'ListAsyncTasksRequest', { status: 'Failed' }, 'web')).body.tasks.map((t) => t.taskId), ['bad']);
    await refused(task('none'), 404, 'AsyncTaskNotFound');
  });
}

async function rest() {
  await check('FC: reserved concurrency', async () => {
    equal((await fc('putConcurrencyConfig', 'PutConcurrencyConfigRequest', { body: { reservedConcurrency: 0 } }, 'web')).body.reservedConcurrency, 0);
    await fc('updateFunction', 'UpdateFunctionRequest', { body: { description: 'anew' } }, 'web');
    await refused(invoke(fc, '{}'), 429, 'ResourceExhausted');
    await fc('deleteConcurrencyConfig', '', null, 'web');
    equal((await invoke(fc, '{}')).status, 200);
  });
  await check('FC: provisioned instances', async () => {
    await refused(fc('getProvisionConfig', 'GetProvisionConfigRequest', {}, 'web'), 404, 'ProvisionConfigNotFound');
    equal((await fc('putProvisionConfig', 'PutProvisionConfigRequest', { body: { target: 2 } }, 'web')).body.target, 2);
    await until('two instances run', async () => (await fc('getProvisionConfig', 'GetProvisionConfigRequest', {}, 'web')).body.current === 2);
    equal((await fc('listProvisionConfigs', 'ListProvisionConfigsRequest', {})).body.provisionConfigs.map((p) => p.target), [2]);
    await fc('deleteProvisionConfig', 'DeleteProvisionConfigRequest', {}, 'web');
  });
  await check('FC: tags', async () => {
    const resourceId = [`acs:fc:${cloud.region}:${B}:functions/web`];
    await fc('tagResources', 'TagResourcesRequest', { body: { resourceType: 'function', resourceId, tag: [{ key: 'env', value: 'test' }] } });
    const list = async () => (await fc('listTagResources', 'ListTagResourcesRequest', { resourceType: 'function', resourceId })).body.tagResources.map((t) => `${t.tagKey}=${t.tagValue}`);
    equal(await list(), ['env=test', 'team=soc']);
    await fc('untagResources', 'UntagResourcesRequest', { resourceType: 'function', resourceId, tagKey: ['team'] });
    equal(await list(), ['env=test']);
  });
  await check('FC: regions', async () => equal((await fc('describeRegions', 'DescribeRegionsRequest')).body.regions.region[0].regionId, cloud.region));
  const absent = {
    listLayers: ['ListLayersRequest', {}], getLayerVersion: ['', null, 'layer', '1'], putLayerACL: ['PutLayerACLRequest', {}, 'layer'],
    getScalingConfig: ['GetScalingConfigRequest', {}, 'web'], listSessions: ['ListSessionsRequest', {}, 'web'], listVpcBindings: ['', null, 'web'],
  };
  for (const [method, args] of Object.entries(absent)) {
    const action = method[0].toUpperCase() + method.slice(1);
    await check(`FC: ${action} is refused by name`, async () => {
      const e = await refused(fc(method, ...args), 400, 'PathNotSupported');
      truth(e.message.includes(action), e.message);
    });
  }
  await check('FC: delete a function', async () => {
    await fc('deleteFunction', '', null, 'web');
    await refused(fc('getFunction', 'GetFunctionRequest', {}, 'web'), 404, 'FunctionNotFound');
  });
}

(async () => {
  await functions();
  await invocations();
  await versions();
  await triggers();
  await objects();
  await tasks();
  await rest();
})();
