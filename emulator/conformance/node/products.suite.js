// The products that responses call, which have no packages here: pop-core and the generic client.
'use strict';
const Ram = require('@alicloud/ram20150501');
const { check, equal, truth, keysOf, product, pop, generic, refused } = require('./harness');

const A = '1100000000000001', C = '1100000000000003', D = '1100000000000004';
const ecs = pop('2014-05-26', keysOf(C), { method: 'POST' });
const rule = { IpProtocol: 'tcp', PortRange: '22/22', SourceCidrIp: '203.0.113.7', Policy: 'drop' };

async function securityGroups() {
  let group;
  const rules = async () => (await ecs('DescribeSecurityGroupAttribute', { SecurityGroupId: group })).Permissions.Permission;
  await check('ECS: a group, made once for a token', async () => {
    const q = { SecurityGroupName: 'block', VpcId: 'vpc-conformance', ClientToken: 'make-one' };
    ({ SecurityGroupId: group } = await ecs('CreateSecurityGroup', q));
    equal((await ecs('CreateSecurityGroup', q)).SecurityGroupId, group);
    equal((await ecs('DescribeSecurityGroups', { VpcId: 'vpc-conformance' })).SecurityGroups.SecurityGroup.map((g) => [g.SecurityGroupId, g.RuleCount]), [[group, 0]]);
  });
  await check('ECS: a token with other parameters', () => refused(ecs('CreateSecurityGroup', { SecurityGroupName: 'other', ClientToken: 'make-one' }), 400, 'IdempotentParameterMismatch'));
  await check('ECS: the same rule twice is one rule', async () => {
    await ecs('AuthorizeSecurityGroup', { SecurityGroupId: group, ...rule });
    await ecs('AuthorizeSecurityGroup', { SecurityGroupId: group, ...rule });
    const [r, ...more] = await rules();
    equal([r.Policy, r.SourceCidrIp, r.PortRange, more.length], ['Drop', '203.0.113.7', '22/22', 0]);
  });
  await check('ECS: the generic client sees the same', async () => {
    const list = (await generic('2014-05-26', keysOf(C))('DescribeSecurityGroupAttribute', { SecurityGroupId: group })).Permissions.Permission;
    equal(list.length, 1);
  });
  for (const [name, change, code] of [
    ['protocol', { IpProtocol: 'sctp' }, 'InvalidIpProtocol.ValueNotSupported'], ['port range', { PortRange: '0/22' }, 'InvalidIpPortRange.Malformed'],
    ['source', { SourceCidrIp: '10.0.0.0/99' }, 'InvalidSourceCidrIp.Malformed'], ['policy', { Policy: 'reject' }, 'InvalidPolicy.Malformed'], ['priority', { Priority: 101 }, 'InvalidPriority.Malformed'],
  ]) {
    await check(`ECS: a rule with a bad ${name}`, () => refused(ecs('AuthorizeSecurityGroup', { SecurityGroupId: group, ...rule, ...change }), 400, code));
  }
  await check('ECS: a rule is revoked once; again is no error', async () => {
    await ecs('RevokeSecurityGroup', { SecurityGroupId: group, ...rule });
    await ecs('RevokeSecurityGroup', { SecurityGroupId: group, ...rule });
    equal((await rules()).length, 0);
  });
  await check('ECS: a rule that is not there, by id', () => refused(ecs('RevokeSecurityGroup', { SecurityGroupId: group, 'SecurityGroupRuleId.1': 'sgr-x' }), 404, 'InvalidSecurityGroupRuleId.NotFound'));
  await check('ECS: a group of nobody', () => refused(ecs('AuthorizeSecurityGroup', { SecurityGroupId: 'sg-x', ...rule }), 404, 'InvalidSecurityGroupId.NotFound'));
  await check('ECS: an instance of nobody', () => refused(ecs('JoinSecurityGroup', { SecurityGroupId: group, InstanceId: 'i-x' }), 404, 'InvalidInstanceId.NotFound'));
  await check('ECS: the group is not another account\'s', () => refused(pop('2014-05-26', keysOf(D))('DescribeSecurityGroupAttribute', { SecurityGroupId: group }), 404, 'InvalidSecurityGroupId.NotFound'));
  await check('ECS: an operation that is absent', () => refused(ecs('RunInstances'), 404, 'InvalidApi.NotFound'));
}

// denials gives a user the permission for one group and tries the next one.
async function denials() {
  const ram = product(Ram, keysOf(D));
  let clerk;
  await check('products: a user without permission', async () => {
    await ram('CreateUser', { userName: 'clerk' });
    const { AccessKey: k } = await ram('CreateAccessKey', { userName: 'clerk' });
    clerk = { accessKeyId: k.AccessKeyId, accessKeySecret: k.AccessKeySecret };
    for (const [version, action] of [['2014-05-26', 'StopInstance'], ['2021-10-01', 'CreateDefenseRule'], ['2017-12-07', 'AddControlPolicy'], ['2018-12-03', 'HandleSecurityEvents']]) {
      await refused(pop(version, clerk)(action), 403, 'Forbidden.RAM');
    }
  });
  await check('products: permission for one group is not permission for another', async () => {
    const make = async (name) => (await pop('2014-05-26', keysOf(D))('CreateSecurityGroup', { SecurityGroupName: name })).SecurityGroupId;
    const one = await make('one'), two = await make('two');
    await ram('CreatePolicy', { policyName: 'one', policyDocument: JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'ecs:AuthorizeSecurityGroup', Resource: `acs:ecs:*:*:securitygroup/${one}` }] }) });
    await ram('AttachPolicyToUser', { policyType: 'Custom', policyName: 'one', userName: 'clerk' });
    await pop('2014-05-26', clerk)('AuthorizeSecurityGroup', { SecurityGroupId: one, ...rule });
    const e = await refused(pop('2014-05-26', clerk)('AuthorizeSecurityGroup', { SecurityGroupId: two, ...rule }), 403, 'Forbidden.RAM');
    equal([e.data.AccessDeniedDetail.AuthAction, e.data.AccessDeniedDetail.NoPermissionType], ['ecs:AuthorizeSecurityGroup', 'ImplicitDeny']);
  });
}

async function firewalls() {
  const fw = pop('2017-12-07', keysOf(C)), waf = pop('2021-10-01', keysOf(C));
  const policy = { Direction: 'in', AclAction: 'drop', Source: '203.0.113.7/32', SourceType: 'net', Destination: '0.0.0.0/0', DestinationType: 'net', Proto: 'ANY', DestPort: '0/0', Description: 'one', NewOrder: '1', ApplicationName: 'ANY', Release: 'true' };
  await check('Cloud Firewall: a policy comes and goes', async () => {
    const { AclUuid } = await fw('AddControlPolicy', policy);
    const list = await fw('DescribeControlPolicy', { Direction: 'in', CurrentPage: '1', PageSize: '10' });
    truth(list.Policys.some((p) => p.AclUuid === AclUuid && p.Source === policy.Source), JSON.stringify(list));
    await fw('DeleteControlPolicy', { AclUuid, Direction: 'in' });
    await refused(fw('DeleteControlPolicy', { AclUuid, Direction: 'in' }), 400, 'InvalidParameter.AclUuid');
  });
  await check('Cloud Firewall: a source that is no network', () => refused(fw('AddControlPolicy', { ...policy, Source: 'example.com' }), 400, 'InvalidParameter.Source'));
  await check('Cloud Firewall: an account without it', () => refused(pop('2017-12-07', keysOf(A))('AddControlPolicy', policy), 400, 'ErrorNotBuyUser'));
  await check('Cloud Firewall: a book that a policy uses stays', async () => {
    const { GroupUuid } = await fw('AddAddressBook', { GroupName: 'bad', GroupType: 'ip', Description: 'x', AddressList: '198.51.100.0/24' });
    await refused(fw('AddAddressBook', { GroupName: 'bad', GroupType: 'ip', Description: 'x', AddressList: '198.51.100.0/24' }), 400, 'InvalidParameter.GroupName');
    const { AclUuid } = await fw('AddControlPolicy', { ...policy, Source: 'bad', SourceType: 'group' });
    await refused(fw('DeleteAddressBook', { GroupUuid }), 400, 'InvalidParameter.GroupUuid');
    await fw('DeleteControlPolicy', { AclUuid, Direction: 'in' });
    await fw('DeleteAddressBook', { GroupUuid });
  });
  await check('WAF: a rule comes and goes', async () => {
    const { InstanceId } = await waf('DescribeInstance');
    const { TemplateId } = await waf('CreateDefenseTemplate', { InstanceId, TemplateName: 'conformance', TemplateType: 'user_default', TemplateStatus: '1', TemplateOrigin: 'custom', DefenseScene: 'ip_blacklist' });
    const { RuleIds } = await waf('CreateDefenseRule', { InstanceId, TemplateId, DefenseScene: 'ip_blacklist', Rules: JSON.stringify([{ name: 'one', remoteAddr: ['203.0.113.7'], action: 'block' }]) });
    const rules = await waf('DescribeDefenseRules', { InstanceId, Query: JSON.stringify({ scene: 'ip_blacklist', templateId: TemplateId }) });
    equal(rules.Rules.map((r) => String(r.RuleId)), [RuleIds]);
    await waf('DeleteDefenseRule', { InstanceId, TemplateId, RuleIds });
    await refused(waf('DeleteDefenseRule', { InstanceId, TemplateId, RuleIds }), 400, 'Defense.Control.DefenseRuleNotExist');
  });
  await check('WAF: an account without it', async () => {
    equal((await pop('2021-10-01', keysOf(A))('DescribeInstance')).InstanceId, undefined);
    await refused(pop('2021-10-01', keysOf(A))('DescribeDefenseRules', { InstanceId: 'waf-x' }), 400, 'InvalidParameter.InstanceId');
  });
  await check('Security Center: an operation code that is none', () => refused(pop('2018-12-03', keysOf(C))('HandleSecurityEvents', { OperationCode: 'dance', 'SecurityEventIds.1': '1' }), 400, 'InvalidParameter.OperationCode'));
  await check('Security Center: an event of nobody', () => refused(pop('2018-12-03', keysOf(C))('HandleSecurityEvents', { OperationCode: 'ignore', 'SecurityEventIds.1': '1' }), 400, 'InvalidParameter.SecurityEventIds'));
  await check('Security Center: a filter that is not known is refused', () => refused(pop('2018-12-03', keysOf(C))('DescribeSuspEvents', { GroupId: '1' }), 400, 'InvalidParameter.GroupId'));
}

(async () => {
  await securityGroups();
  await denials();
  await firewalls();
})();
