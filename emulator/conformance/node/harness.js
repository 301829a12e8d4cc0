// What the suites share: the cloud under test, clients for its accounts, and checks that report one line of JSON each.
'use strict';
const { isDeepStrictEqual, inspect } = require('node:util');
const OpenApi = require('@alicloud/openapi-client');
const PopCore = require('@alicloud/pop-core');

// cloud is {host, region, accounts: {<uid>: {id, secret, rootId, rootSecret}}}, with the keys of an administrator and of
// the owner of each account.
const cloud = JSON.parse(process.env.FENGHUO_CLOUD);

const report = (name, error) => console.log(JSON.stringify({ name, error: error ? String(error.stack || error) : '' }));

// check runs one check and goes on after a failure.
async function check(name, run) {
  try {
    await run();
    report(name);
  } catch (e) {
    report(name, e);
  }
}

// equal compares deeply.
function equal(got, want, what = 'value') {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what} is ${inspect(got, { depth: 6 })}, want ${inspect(want, { depth: 6 })}`);
}

// truth fails with the words given.
function truth(value, words) {
  if (!value) throw new Error(words);
}

// keysOf are the keys of an account's administrator; ownerOf are those of its owner.
const keysOf = (uid) => ({ accessKeyId: cloud.accounts[uid].id, accessKeySecret: cloud.accounts[uid].secret });
const ownerOf = (uid) => ({ accessKeyId: cloud.accounts[uid].rootId, accessKeySecret: cloud.accounts[uid].rootSecret });

// sessionOf turns the Credentials of AssumeRole into keys.
const sessionOf = (c) => ({ accessKeyId: c.AccessKeyId, accessKeySecret: c.AccessKeySecret, securityToken: c.SecurityToken });

function config(keys, extra = {}) {
  return new OpenApi.Config({ ...keys, endpoint: cloud.host, protocol: 'HTTP', regionId: cloud.region, ...extra });
}

// product returns a caller for a generated client: call(action, {parameters in camel case}) answers with the server's own
// field names.
function product(module, keys, extra) {
  const client = new module.default(config(keys, extra));
  return async (action, parameters = {}) => {
    const method = action[0].toLowerCase() + action.slice(1);
    truth(typeof client[method] === 'function', `the client has no method ${method}`);
    const Request = module[`${action}Request`];
    const answer = await (Request ? client[method](new Request(parameters)) : client[method]());
    return answer.body.toMap();
  };
}

// generic calls an operation that has no package, with the generic client.
function generic(version, keys) {
  const client = new OpenApi.default(config(keys));
  return async (action, query = {}) => {
    const params = new OpenApi.Params({
      action, version, protocol: 'HTTP', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
    });
    const { RuntimeOptions } = require('@alicloud/tea-util');
    return (await client.callApi(params, new OpenApi.OpenApiRequest({ query }), new RuntimeOptions({}))).body;
  };
}

// pop calls an operation with the old client; options are {method: 'POST'} and the like.
function pop(version, keys, options = {}) {
  const client = new PopCore.RPCClient({ ...keys, endpoint: `http://${cloud.host}`, apiVersion: version });
  return (action, parameters = {}) => client.request(action, { RegionId: cloud.region, ...parameters }, { timeout: 120000, ...options });
}

const statusOf = (e) => e.statusCode || (e.data && e.data.statusCode) || (e.entry && e.entry.response && e.entry.response.statusCode);

// refused expects an error of the server with this status and code, and returns the error.
async function refused(promise, status, code) {
  let error;
  try {
    await promise;
  } catch (e) {
    error = e;
  }
  truth(error, `no error, want ${status} ${code}`);
  equal(`${statusOf(error)} ${error.code}`, `${status} ${code}`, 'error');
  return error;
}

module.exports = { cloud, check, equal, truth, keysOf, ownerOf, sessionOf, config, product, generic, pop, refused };
