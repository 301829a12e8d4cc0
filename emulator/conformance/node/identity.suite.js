// RAM 2015-05-01 and STS 2015-04-01 with their generated clients (ACS3 and, where said, Signature V1) and with pop-core.
'use strict';
const Ram = require('@alicloud/ram20150501');
const Sts = require('@alicloud/sts20150401');
const { check, equal, truth, keysOf, ownerOf, sessionOf, product, pop, generic, refused, cloud } = require('./harness');

const B = '1100000000000002', C = '1100000000000003', D = '1100000000000004';
const policy = (...statements) => JSON.stringify({ Version: '1', Statement: statements });
const trusts = (principal, condition) => policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal, ...(condition ? { Condition: condition } : {}) });
const arn = (uid, name) => `acs:ram::${uid}:role/${name}`;

async function roles(ram) {
  await check('RAM: create a role', async () => {
    const { Role } = await ram('CreateRole', { roleName: 'reader', assumeRolePolicyDocument: trusts({ RAM: [`acs:ram::${C}:root`] }), description: 'reads' });
    equal([Role.RoleName, Role.Arn, Role.MaxSessionDuration], ['reader', arn(C, 'reader'), 3600]);
    truth(/^\d{17,18}$/.test(Role.RoleId), `role id ${Role.RoleId}`);
  });
  await check('RAM: a second role of the name', () => refused(ram('CreateRole', { roleName: 'READER', assumeRolePolicyDocument: trusts({ RAM: [`acs:ram::${C}:root`] }) }), 409, 'EntityAlreadyExists.Role'));
  for (const [name, parameters, code] of [
    ['a name with an underscore', { roleName: 'a_b' }, 'InvalidParameter.RoleName.InvalidChars'],
    ['a name of 65 characters', { roleName: 'a'.repeat(65) }, 'InvalidParameter.RoleName.Length'],
    ['a reserved name', { roleName: 'AliyunServiceRoleForX' }, 'InvalidParameter.RoleName.InvalidChars'],
    ['a trust policy that is no JSON', { roleName: 'x', assumeRolePolicyDocument: '{' }, 'MalformedPolicyDocument'],
    ['a trust policy that names nobody real', { roleName: 'x', assumeRolePolicyDocument: trusts({ RAM: [arn(C, 'nobody')] }) }, 'MalformedPolicyDocument'],
    ['a session of 100 seconds', { roleName: 'x', maxSessionDuration: 100 }, 'InvalidParameter.MaxSessionDuration'],
    ['no trust policy', { roleName: 'x', assumeRolePolicyDocument: undefined }, 'MissingAssumeRolePolicyDocument'],
    ['no name', {}, 'MissingRoleName'],
  ]) {
    await check(`RAM: CreateRole with ${name}`, () => refused(ram('CreateRole', { assumeRolePolicyDocument: trusts({ RAM: [`acs:ram::${C}:root`] }), ...parameters }), 400, code));
  }
  await check('RAM: read the role', async () => {
    const { Role } = await ram('GetRole', { roleName: 'reader' });
    equal(JSON.parse(Role.AssumeRolePolicyDocument).Version, '1');
    truth(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(Role.CreateDate), `date ${Role.CreateDate}`);
  });
  await check('RAM: update the role', async () => equal((await ram('UpdateRole', { roleName: 'reader', newMaxSessionDuration: 7200 })).Role.MaxSessionDuration, 7200));
  await check('RAM: a role that is not there', () => refused(ram('GetRole', { roleName: 'nobody' }), 404, 'EntityNotExist.Role'));
  await check('RAM: roles in pages', async () => {
    const names = [];
    let marker;
    do {
      const page = await ram('ListRoles', { maxItems: 2, marker });
      names.push(...page.Roles.Role.map((r) => r.RoleName));
      marker = page.IsTruncated ? page.Marker : undefined;
    } while (marker);
    truth(names.includes('reader') && names.includes('ResourceDirectoryAccountAccessRole'), names.join());
    equal(new Set(names).size, names.length);
  });
}

async function policies(ram) {
  const logs = policy({ Effect: 'Allow', Action: 'log:Get*', Resource: '*' });
  await check('RAM: create a policy', async () => equal((await ram('CreatePolicy', { policyName: 'logs', policyDocument: logs })).Policy.DefaultVersion, 'v1'));
  await check('RAM: a second policy of the name', () => refused(ram('CreatePolicy', { policyName: 'logs', policyDocument: logs }), 409, 'EntityAlreadyExists.Policy'));
  for (const [name, document, code] of [
    ['an unknown version', '{"Version":"2","Statement":[]}', 'MalformedPolicyDocument'],
    ['an unknown element', policy({ Effect: 'Allow', Action: '*', Resource: '*', Sid: 'x' }), 'MalformedPolicyDocument'],
    ['an unknown operator', policy({ Effect: 'Allow', Action: '*', Resource: '*', Condition: { StringEqualsIfExists: { a: 'b' } } }), 'MalformedPolicyDocument'],
    ['6145 characters', policy({ Effect: 'Allow', Action: '*', Resource: 'acs:x:*:*:' + 'x'.repeat(6100) }), 'InvalidParameter.PolicyDocument.Length'],
  ]) {
    await check(`RAM: a policy with ${name}`, () => refused(ram('CreatePolicy', { policyName: 'bad', policyDocument: document }), 400, code));
  }
  await check('RAM: four more versions, and no sixth', async () => {
    for (let n = 0; n < 4; n++) await ram('CreatePolicyVersion', { policyName: 'logs', policyDocument: logs });
    await refused(ram('CreatePolicyVersion', { policyName: 'logs', policyDocument: logs }), 409, 'LimitExceeded.Policy.Version');
  });
  await check('RAM: a sixth version with rotation', async () => {
    const { PolicyVersion } = await ram('CreatePolicyVersion', { policyName: 'logs', policyDocument: logs, setAsDefault: true, rotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded' });
    equal([PolicyVersion.VersionId, PolicyVersion.IsDefaultVersion], ['v6', true]);
  });
  await check('RAM: the default version stays', () => refused(ram('DeletePolicyVersion', { policyName: 'logs', versionId: 'v6' }), 409, 'DeleteConflict.Policy.Version.Default'));
  await check('RAM: attach to a role', () => ram('AttachPolicyToRole', { policyType: 'Custom', policyName: 'logs', roleName: 'reader' }));
  await check('RAM: attach twice', () => refused(ram('AttachPolicyToRole', { policyType: 'Custom', policyName: 'logs', roleName: 'reader' }), 409, 'EntityAlreadyExists.Role.Policy'));
  await check('RAM: attach a policy that is not there', () => refused(ram('AttachPolicyToRole', { policyType: 'System', policyName: 'NoSuchAccess', roleName: 'reader' }), 404, 'EntityNotExist.Policy'));
  await check('RAM: policies of the role', async () => equal((await ram('ListPoliciesForRole', { roleName: 'reader' })).Policies.Policy.map((p) => p.PolicyName), ['logs']));
  await check('RAM: entities of the policy', async () => equal((await ram('ListEntitiesForPolicy', { policyType: 'Custom', policyName: 'logs' })).Roles.Role.map((r) => r.RoleName), ['reader']));
  await check('RAM: a role with a policy is not deleted', () => refused(ram('DeleteRole', { roleName: 'reader' }), 409, 'DeleteConflict.Role.Policy'));
  await check('RAM: an attached policy is not deleted', () => refused(ram('DeletePolicy', { policyName: 'logs' }), 409, 'DeleteConflict.Policy.Role'));
}

async function users(ram) {
  await check('RAM: create a user', async () => equal((await ram('CreateUser', { userName: 'bob', displayName: 'Bob' })).User.DisplayName, 'Bob'));
  await check('RAM: a second user of the name', () => refused(ram('CreateUser', { userName: 'bob' }), 409, 'EntityAlreadyExists.User'));
  const keys = [];
  await check('RAM: two keys, and no third', async () => {
    for (let n = 0; n < 2; n++) keys.push((await ram('CreateAccessKey', { userName: 'bob' })).AccessKey);
    truth(keys.every((k) => k.AccessKeyId.startsWith('LTAI') && k.AccessKeySecret.length === 30), 'shape of the keys');
    await refused(ram('CreateAccessKey', { userName: 'bob' }), 409, 'LimitExceeded.User.AccessKey');
  });
  const own = { accessKeyId: keys[0].AccessKeyId, accessKeySecret: keys[0].AccessKeySecret };
  await check('RAM: the secret is shown once', async () => {
    const list = (await ram('ListAccessKeys', { userName: 'bob' })).AccessKeys.AccessKey;
    truth(list.length === 2 && list.every((k) => !('AccessKeySecret' in k)), JSON.stringify(list));
  });
  await check('RAM: a user without policies is denied, with AccessDeniedDetail', async () => {
    const e = await refused(product(Ram, own)('ListRoles', {}), 403, 'NoPermission');
    const d = e.accessDeniedDetail || e.data.AccessDeniedDetail;
    equal([d.PolicyType, d.AuthAction, d.AuthPrincipalType, d.NoPermissionType, d.AuthPrincipalOwnerId], ['AccountLevelIdentityBasedPolicy', 'ram:ListRoles', 'SubUser', 'ImplicitDeny', C]);
    const { DecodedDiagnosticMessage: m } = await ram('DecodeDiagnosticMessage', { encodedDiagnosticMessage: d.EncodedDiagnosticMessage });
    equal([m.AuthAction, m.ExplicitDeny, m.AuthPrincipal.AuthPrincipalType], ['ram:ListRoles', false, 'SubUser']);
  });
  await check('RAM: groups carry policies', async () => {
    await ram('CreateGroup', { groupName: 'auditors' });
    await ram('AddUserToGroup', { groupName: 'auditors', userName: 'bob' });
    await ram('AttachPolicyToGroup', { groupName: 'auditors', policyType: 'System', policyName: 'ReadOnlyAccess' });
    await product(Ram, own)('ListRoles', {});
    equal((await ram('ListGroupsForUser', { userName: 'bob' })).Groups.Group.map((g) => g.GroupName), ['auditors']);
    await refused(ram('DeleteGroup', { groupName: 'auditors' }), 409, 'DeleteConflict.Group.Policy');
  });
  await check('RAM: an explicit deny wins', async () => {
    await ram('CreatePolicy', { policyName: 'no-roles', policyDocument: policy({ Effect: 'Deny', Action: 'ram:ListRoles', Resource: '*' }) });
    await ram('AttachPolicyToUser', { policyType: 'Custom', policyName: 'no-roles', userName: 'bob' });
    const e = await refused(product(Ram, own)('ListRoles', {}), 403, 'NoPermission');
    equal((e.accessDeniedDetail || e.data.AccessDeniedDetail).NoPermissionType, 'ExplicitDeny');
  });
  await check('RAM: an inactive key', async () => {
    await ram('UpdateAccessKey', { userName: 'bob', userAccessKeyId: own.accessKeyId, status: 'Inactive' });
    await refused(product(Sts, own)('GetCallerIdentity'), 400, 'InvalidAccessKeyId.Inactive');
    await ram('UpdateAccessKey', { userName: 'bob', userAccessKeyId: own.accessKeyId, status: 'Active' });
    equal((await product(Sts, own)('GetCallerIdentity')).Arn, `acs:ram::${C}:user/bob`);
  });
  await check('RAM: the login profile', async () => {
    await refused(ram('GetLoginProfile', { userName: 'bob' }), 404, 'EntityNotExist.User.LoginProfile');
    await ram('CreateLoginProfile', { userName: 'bob', password: 'Pass-word-1', passwordResetRequired: false });
    await refused(ram('CreateLoginProfile', { userName: 'bob', password: 'Pass-word-1' }), 409, 'EntityAlreadyExists.User.LoginProfile');
    await ram('UpdateLoginProfile', { userName: 'bob', passwordResetRequired: true });
    equal((await ram('GetLoginProfile', { userName: 'bob' })).LoginProfile.PasswordResetRequired, true);
    await ram('DeleteLoginProfile', { userName: 'bob' });
  });
  await check('RAM: a user with keys is not deleted', () => refused(ram('DeleteUser', { userName: 'bob' }), 409, 'DeleteConflict.User.Policy'));
  await check('RAM: a deleted key is unknown', async () => {
    await ram('DeleteAccessKey', { userName: 'bob', userAccessKeyId: own.accessKeyId });
    await refused(product(Sts, own)('GetCallerIdentity'), 404, 'InvalidAccessKeyId.NotFound');
  });
  await check('RAM: a key that is not there', () => refused(ram('UpdateAccessKey', { userName: 'bob', userAccessKeyId: 'LTAIx', status: 'Active' }), 404, 'EntityNotExist.User.AccessKey'));
}

async function sessions(ram) {
  const sts = product(Sts, keysOf(C)), foreign = product(Sts, keysOf(D));
  for (const [name, extra] of [['ACS3', {}], ['Signature V1', { signatureAlgorithm: 'v2' }]]) {
    await check(`STS: who am I, with ${name}`, async () => {
      const id = await product(Sts, keysOf(B), extra)('GetCallerIdentity');
      equal([id.IdentityType, id.AccountId, id.Arn], ['RAMUser', B, `acs:ram::${B}:user/operator`]);
      equal(id.UserId, id.PrincipalId);
    });
  }
  await check('STS: the owner of an account', async () => equal((await product(Sts, ownerOf(B))('GetCallerIdentity')).IdentityType, 'Account'));
  await check('STS: the owner may not assume roles', () => refused(product(Sts, ownerOf(C))('AssumeRole', { roleArn: arn(C, 'reader'), roleSessionName: 'run' }), 403, 'NoPermission'));
  const assume = (more = {}) => sts('AssumeRole', { roleArn: arn(C, 'reader'), roleSessionName: 'run', ...more });
  await check('STS: assume a role', async () => {
    const a = await assume({ durationSeconds: 900 });
    equal(a.AssumedRoleUser.Arn, `acs:ram::${C}:role/reader/run`);
    truth(a.Credentials.AccessKeyId.startsWith('STS.'), a.Credentials.AccessKeyId);
    const left = Date.parse(a.Credentials.Expiration) - Date.now();
    truth(left > 880e3 && left < 910e3, `expires in ${left} ms`);
    const id = await product(Sts, sessionOf(a.Credentials))('GetCallerIdentity');
    equal([id.IdentityType, id.AccountId, id.Arn], ['AssumedRoleUser', C, `acs:ram::${C}:role/reader/run`]);
  });
  for (const [name, more, code] of [
    ['899 seconds', { durationSeconds: 899 }, 'InvalidParameter.DurationSeconds'],
    ['more seconds than the role allows', { durationSeconds: 7201 }, 'InvalidParameter.DurationSeconds'],
    ['a bad session name', { roleSessionName: 'a b' }, 'InvalidParameter.RoleSessionName'],
    ['a bad ARN', { roleArn: 'reader' }, 'InvalidParameter.RoleArn'],
    ['a bad external id', { externalId: '!' }, 'InvalidParameter.ExternalId'],
    ['a bad session policy', { policy: '{' }, 'InvalidParameter.PolicyGrammar'],
    ['a long session policy', { policy: ' '.repeat(2049) }, 'InvalidParameter.PolicySize'],
    ['no session name', { roleSessionName: undefined }, 'MissingRoleSessionName'],
  ]) {
    await check(`STS: AssumeRole with ${name}`, () => refused(assume(more), 400, code));
  }
  await check('STS: another account is not trusted', () => refused(foreign('AssumeRole', { roleArn: arn(C, 'reader'), roleSessionName: 'run' }), 403, 'NoPermission'));
  await check('STS: a role that is not there', () => refused(assume({ roleArn: arn(C, 'nobody') }), 404, 'EntityNotExist.Role'));
  await check('STS: an external id is needed, and the right one', async () => {
    await ram('CreateRole', { roleName: 'guarded', assumeRolePolicyDocument: trusts({ RAM: [`acs:ram::${D}:root`] }, { StringEquals: { 'sts:ExternalId': 'secret/id' } }) });
    const guarded = (externalId) => foreign('AssumeRole', { roleArn: arn(C, 'guarded'), roleSessionName: 'run', externalId });
    await refused(guarded(undefined), 403, 'NoPermission');
    const e = await refused(guarded('other'), 403, 'NoPermission');
    equal((e.accessDeniedDetail || e.data.AccessDeniedDetail).PolicyType, 'AssumeRolePolicy');
    equal((await guarded('secret/id')).AssumedRoleUser.Arn, `acs:ram::${C}:role/guarded/run`);
  });
  await check('STS: a chain of roles', async () => {
    await ram('CreateRole', { roleName: 'second', assumeRolePolicyDocument: trusts({ RAM: [arn(C, 'reader')] }) });
    const first = sessionOf((await assume()).Credentials);
    const next = () => product(Sts, first)('AssumeRole', { roleArn: arn(C, 'second'), roleSessionName: 'next' });
    await refused(next(), 403, 'NoPermission'); // the trust alone is not enough
    await ram('AttachPolicyToRole', { policyType: 'System', policyName: 'AliyunSTSAssumeRoleAccess', roleName: 'reader' });
    equal((await next()).AssumedRoleUser.Arn, `acs:ram::${C}:role/second/next`);
  });
  await check('STS: a session policy narrows', async () => {
    await ram('AttachPolicyToRole', { policyType: 'System', policyName: 'AliyunRAMFullAccess', roleName: 'reader' });
    const keys = sessionOf((await assume({ policy: policy({ Effect: 'Allow', Action: 'ram:GetRole', Resource: '*' }) })).Credentials);
    await product(Ram, keys)('GetRole', { roleName: 'reader' });
    const e = await refused(product(Ram, keys)('ListRoles', {}), 403, 'NoPermission');
    equal((e.accessDeniedDetail || e.data.AccessDeniedDetail).PolicyType, 'SessionPolicy');
  });
  await check('STS: tokens belong to keys', async () => {
    const one = sessionOf((await assume()).Credentials), two = sessionOf((await assume()).Credentials);
    const who = (keys) => product(Sts, keys)('GetCallerIdentity');
    await refused(who({ ...one, securityToken: two.securityToken }), 400, 'InvalidSecurityToken.MismatchWithAccessKey');
    await refused(who({ ...one, securityToken: 'nonsense' }), 400, 'InvalidSecurityToken.Malformed');
    await refused(pop('2015-04-01', { ...one, securityToken: undefined })('GetCallerIdentity'), 400, 'MissingSecurityToken');
  });
  await check('STS: a session ends with its role', async () => {
    await ram('CreateRole', { roleName: 'brief', assumeRolePolicyDocument: trusts({ RAM: [`acs:ram::${C}:root`] }) });
    const keys = sessionOf((await assume({ roleArn: arn(C, 'brief') })).Credentials);
    await product(Sts, keys)('GetCallerIdentity');
    await ram('DeleteRole', { roleName: 'brief' });
    await refused(product(Sts, keys)('GetCallerIdentity'), 404, 'InvalidAccessKeyId.NotFound');
  });
}

async function wire() {
  for (const [name, options] of [['GET', {}], ['POST', { method: 'POST' }]]) {
    await check(`pop-core: ${name}`, async () => {
      const id = await pop('2015-04-01', keysOf(B), options)('GetCallerIdentity');
      truth(/^[0-9A-F-]{36}$/.test(id.RequestId), id.RequestId);
      equal(id.AccountId, B);
    });
    await check(`pop-core: ${name} with characters that encoders disagree about`, async () => {
      const text = "a b+c*d~e%f/g'h(i)!é中";
      const out = await pop('2015-05-01', keysOf(B), options)('CreateUser', { UserName: `u-${name}`, Comments: text });
      equal(out.User.Comments, text);
    });
  }
  await check('pop-core: the shape of an error', async () => {
    const e = await refused(pop('2015-05-01', keysOf(B))('GetRole', { RoleName: 'nobody' }), 404, 'EntityNotExist.Role');
    equal(e.name, 'EntityNotExist.RoleError');
    equal(Object.keys(e.data).sort(), ['Code', 'HostId', 'Message', 'Recommend', 'RequestId']);
  });
  await check('pop-core: a wrong secret', () => refused(pop('2015-04-01', { ...keysOf(B), accessKeySecret: 'x' })('GetCallerIdentity'), 400, 'SignatureDoesNotMatch'));
  await check('openapi-client: a wrong secret', () => refused(generic('2015-04-01', { ...keysOf(B), accessKeySecret: 'x' })('GetCallerIdentity'), 400, 'SignatureDoesNotMatch'));
  await check('pop-core: an unknown key', () => refused(pop('2015-04-01', { accessKeyId: 'LTAI0', accessKeySecret: 'x' })('GetCallerIdentity'), 404, 'InvalidAccessKeyId.NotFound'));
  await check('pop-core: an unknown action', () => refused(pop('2015-04-01', keysOf(B))('Dance'), 404, 'InvalidApi.NotFound'));
  await check('pop-core: an unknown version', () => refused(pop('1999-01-01', keysOf(B))('GetCallerIdentity'), 404, 'InvalidProduct.NotFound'));
  await check('pop-core: a nonce comes once', async () => {
    const once = pop('2015-04-01', keysOf(B));
    await once('GetCallerIdentity', { SignatureNonce: 'the-same-nonce-0001' });
    await refused(once('GetCallerIdentity', { SignatureNonce: 'the-same-nonce-0001' }), 400, 'SignatureNonceUsed');
  });
  await check('pop-core: a time of an hour ago', () => refused(pop('2015-04-01', keysOf(B))('GetCallerIdentity', { Timestamp: new Date(Date.now() - 3600e3).toISOString().replace(/\.\d+/, '') }), 400, 'InvalidTimeStamp.Expired'));
  await check('pop-core: a time that is none', () => refused(pop('2015-04-01', keysOf(B))('GetCallerIdentity', { Timestamp: 'yesterday' }), 400, 'InvalidTimeStamp.Format'));
  await check('a plain request is answered in JSON', async () => {
    const answer = await fetch(`http://${cloud.host}/?Action=GetCallerIdentity&Version=2015-04-01`);
    equal([answer.status, (await answer.json()).Code], [400, 'MissingAccessKeyId']);
  });
}

// absent asks for every operation of a generated client that the emulator does not have: each must be refused by name.
async function absent(name, module, version, keys) {
  await check(`${name}: what is absent is refused by name`, async () => {
    const ask = generic(version, keys);
    const all = Object.getOwnPropertyNames(module.default.prototype).filter((n) => n.endsWith('WithOptions')).map((n) => n[0].toUpperCase() + n.slice(1, -'WithOptions'.length));
    truth(all.length > 1, `${all.length} operations`);
    for (const action of all) {
      const e = await ask(action).then(() => null, (error) => error);
      if (e && e.code === 'InvalidApi.NotFound') truth(e.message.includes(action), e.message);
    }
  });
}

(async () => {
  const ram = product(Ram, keysOf(C));
  await roles(ram);
  await policies(ram);
  await users(ram);
  await sessions(ram);
  await wire();
  await absent('RAM', Ram, '2015-05-01', keysOf(D));
  await absent('STS', Sts, '2015-04-01', keysOf(D));
})();
