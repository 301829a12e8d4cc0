// ROS 2019-09-10 with its generated client: a stack, and stack groups of both permission models.
'use strict';
const Ros = require('@alicloud/ros20190910');
const Ram = require('@alicloud/ram20150501');
const Rm = require('@alicloud/resourcemanager20200331');
const { check, equal, truth, keysOf, product, refused, cloud } = require('./harness');

const A = '1100000000000001', B = '1100000000000002', C = '1100000000000003', D = '1100000000000004';
const regionId = cloud.region;
const ros = product(Ros, keysOf(B)), chief = product(Rm, keysOf(A));
const template = (name) => JSON.stringify({
  ROSTemplateFormatVersion: '2015-09-01',
  Parameters: { About: { Type: 'String', Default: 'none' } },
  Resources: {
    Role: {
      Type: 'ALIYUN::RAM::Role',
      Properties: {
        RoleName: name, Description: { Ref: 'About' },
        AssumeRolePolicyDocument: { Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['fc.aliyuncs.com'] } }] },
      },
    },
  },
  Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
});
// settled waits for the end of an operation and returns its status.
async function settled(operationId) {
  for (;;) {
    const { Status } = (await ros('GetStackGroupOperation', { regionId, operationId })).StackGroupOperation;
    if (!['QUEUED', 'RUNNING', 'STOPPING'].includes(Status)) return Status;
    await new Promise((r) => setTimeout(r, 20));
  }
}
// idle waits until no operation of a group goes on.
async function idle(stackGroupName) {
  for (const op of (await ros('ListStackGroupOperations', { regionId, stackGroupName, pageSize: 50 })).StackGroupOperations) await settled(op.OperationId);
}
const about = async (uid, roleName) => (await product(Ram, keysOf(uid))('GetRole', { roleName })).Role.Description;

async function stacks() {
  let stackId;
  await check('ROS: create a stack', async () => {
    ({ StackId: stackId } = await ros('CreateStack', { regionId, stackName: 'one', templateBody: template('made-here'), parameters: [{ parameterKey: 'About', parameterValue: 'first' }] }));
    const s = await ros('GetStack', { regionId, stackId });
    equal([s.Status, s.Outputs[0].OutputValue], ['CREATE_COMPLETE', `acs:ram::${B}:role/made-here`]);
    equal(await about(B, 'made-here'), 'first');
  });
  await check('ROS: a second stack of the name', () => refused(ros('CreateStack', { regionId, stackName: 'one', templateBody: template('x') }), 409, 'StackExists'));
  await check('ROS: an unknown parameter', () => refused(ros('CreateStack', { regionId, stackName: 'two', templateBody: template('x'), parameters: [{ parameterKey: 'No', parameterValue: '1' }] }), 400, 'UnknownUserParameter'));
  await check('ROS: update a stack', async () => {
    await ros('UpdateStack', { regionId, stackId, templateBody: template('made-here'), parameters: [{ parameterKey: 'About', parameterValue: 'second' }] });
    equal([(await ros('GetStack', { regionId, stackId })).Status, await about(B, 'made-here')], ['UPDATE_COMPLETE', 'second']);
  });
  await check('ROS: a stack of another account', () => refused(product(Ros, keysOf(C))('GetStack', { regionId, stackId }), 404, 'StackNotFound'));
  await check('ROS: delete a stack', async () => {
    await ros('DeleteStack', { regionId, stackId });
    await refused(about(B, 'made-here'), 404, 'EntityNotExist.Role');
  });
}

async function serviceManaged() {
  const group = { regionId, stackGroupName: 'fleet', templateBody: template('fleet'), permissionModel: 'SERVICE_MANAGED', autoDeployment: { enabled: true, retainStacksOnAccountRemoval: false } };
  const folder = (await chief('CreateFolder', { folderName: 'fleet' })).Folder.FolderId;
  const root = (await chief('GetResourceDirectory')).ResourceDirectory.RootFolderId;
  const states = async () => Object.fromEntries((await ros('ListStackInstances', { regionId, stackGroupName: 'fleet' })).StackInstances.map((i) => [i.AccountId, i.Status]));
  await check('ROS: a service-managed group needs a delegated administrator', () => refused(ros('CreateStackGroup', group), 403, 'NoPermission'));
  await check('ROS: create a service-managed group', async () => {
    await chief('RegisterDelegatedAdministrator', { accountId: B, servicePrincipal: 'ros.aliyuncs.com' });
    truth((await ros('CreateStackGroup', group)).StackGroupId, 'no id');
    const { StackGroup: g } = await ros('GetStackGroup', { regionId, stackGroupName: 'fleet' });
    equal([g.PermissionModel, g.Status, g.AutoDeployment], ['SERVICE_MANAGED', 'ACTIVE', { Enabled: true, RetainStacksOnAccountRemoval: false }]);
  });
  await check('ROS: a second group of the name', () => refused(ros('CreateStackGroup', group), 409, 'StackGroupExists'));
  await check('ROS: push to a folder', async () => {
    await chief('MoveAccount', { accountId: D, destinationFolderId: folder });
    const { OperationId } = await ros('CreateStackInstances', { regionId, stackGroupName: 'fleet', regionIds: [regionId], deploymentTargets: { rdFolderIds: [folder] }, operationPreferences: { FailureToleranceCount: 1, MaxConcurrentCount: 2 } });
    equal(await settled(OperationId), 'SUCCEEDED');
    const { StackGroupOperation: op } = await ros('GetStackGroupOperation', { regionId, operationId: OperationId });
    equal([op.Status, op.Action], ['SUCCEEDED', 'CREATE']);
    equal(await states(), { [D]: 'CURRENT' });
    equal(await about(D, 'fleet'), 'none');
  });
  await check('ROS: a member that comes to the folder', async () => {
    await chief('MoveAccount', { accountId: C, destinationFolderId: folder });
    await idle('fleet');
    equal(await states(), { [C]: 'CURRENT', [D]: 'CURRENT' });
    const { StackInstance: i } = await ros('GetStackInstance', { regionId, stackGroupName: 'fleet', stackInstanceAccountId: C, stackInstanceRegionId: regionId });
    equal([i.RdFolderId, i.Status], [folder, 'CURRENT']);
    equal((await product(Ros, keysOf(C))('ListStacks', { regionId })).Stacks.map((s) => s.Status), ['CREATE_COMPLETE']);
  });
  await check('ROS: overrides for one member', async () => {
    await ros('UpdateStackInstances', { regionId, stackGroupName: 'fleet', regionIds: [regionId], deploymentTargets: { accountIds: [C] }, parameterOverrides: [{ parameterKey: 'About', parameterValue: 'special' }] });
    await idle('fleet');
    equal([await about(C, 'fleet'), await about(D, 'fleet')], ['special', 'none']);
  });
  await check('ROS: a member that leaves the folder', async () => {
    await chief('MoveAccount', { accountId: C, destinationFolderId: root });
    await idle('fleet');
    equal(await states(), { [D]: 'CURRENT' });
    await refused(about(C, 'fleet'), 404, 'EntityNotExist.Role');
  });
  await check('ROS: the group is not deleted before its instances', async () => {
    await refused(ros('DeleteStackGroup', { regionId, stackGroupName: 'fleet' }), 409, 'StackGroupNotEmpty');
    await ros('DeleteStackInstances', { regionId, stackGroupName: 'fleet', regionIds: [regionId], retainStacks: false, deploymentTargets: { rdFolderIds: [folder] } });
    await idle('fleet');
    await ros('DeleteStackGroup', { regionId, stackGroupName: 'fleet' });
    await refused(ros('GetStackGroup', { regionId, stackGroupName: 'fleet' }), 404, 'StackGroupNotFound');
  });
}

async function selfManaged() {
  const role = (name, principal) => ({ roleName: name, assumeRolePolicyDocument: JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal }] }) });
  const instances = { regionId, stackGroupName: 'own', regionIds: [regionId], accountIds: [C] };
  await check('ROS: a self-managed group without its roles fails, with the reason', async () => {
    await ros('CreateStackGroup', { regionId, stackGroupName: 'own', templateBody: template('own') });
    const { OperationId: operationId } = await ros('CreateStackInstances', instances);
    equal(await settled(operationId), 'FAILED');
    const [r] = (await ros('ListStackGroupOperationResults', { regionId, operationId })).StackGroupOperationResults;
    truth(r.Status === 'FAILED' && r.StatusReason.includes('AliyunROSStackGroupAdministrationRole'), JSON.stringify(r));
  });
  await check('ROS: a self-managed group with its roles', async () => {
    const b = product(Ram, keysOf(B)), c = product(Ram, keysOf(C));
    await b('CreateRole', role('AliyunROSStackGroupAdministrationRole', { Service: ['ros.aliyuncs.com'] }));
    await b('AttachPolicyToRole', { policyType: 'System', policyName: 'AliyunSTSAssumeRoleAccess', roleName: 'AliyunROSStackGroupAdministrationRole' });
    await c('CreateRole', role('AliyunROSStackGroupExecutionRole', { RAM: [`acs:ram::${B}:role/AliyunROSStackGroupAdministrationRole`] }));
    await c('AttachPolicyToRole', { policyType: 'System', policyName: 'AliyunRAMFullAccess', roleName: 'AliyunROSStackGroupExecutionRole' });
    const { OperationId: operationId } = await ros('UpdateStackInstances', instances);
    equal(await settled(operationId), 'SUCCEEDED');
    equal(await about(C, 'own'), 'none');
  });
  await check('ROS: the same ClientToken does it once', async () => {
    const again = { regionId, stackGroupName: 'twice', templateBody: template('x'), clientToken: 'token-1' };
    equal((await ros('CreateStackGroup', again)).StackGroupId, (await ros('CreateStackGroup', again)).StackGroupId);
  });
}

// stopping deploys to twenty regions, one after the other, and stops that.
async function stopping() {
  const stackGroupName = 'slow', body = template('x').replace('"x"', '{"Ref":"ALIYUN::Region"}');
  const regionIds = Array.from({ length: 20 }, (_, n) => `cn-region-${n}`), instances = { regionId, stackGroupName, regionIds, accountIds: [C] };
  let operationId;
  await check('ROS: an operation runs, and its group refuses another one', async () => {
    await ros('CreateStackGroup', { regionId, stackGroupName, templateBody: body });
    ({ OperationId: operationId } = await ros('CreateStackInstances', instances));
    equal((await ros('GetStackGroupOperation', { regionId, operationId })).StackGroupOperation.Status, 'RUNNING');
    await refused(ros('UpdateStackInstances', instances), 409, 'StackGroupOperationInProgress');
    await refused(ros('DeleteStackGroup', { regionId, stackGroupName }), 409, 'StackGroupOperationInProgress');
  });
  await check('ROS: an operation is stopped', async () => {
    await ros('StopStackGroupOperation', { regionId, operationId });
    equal(await settled(operationId), 'STOPPED');
    const { StackGroupOperationResults: all } = await ros('ListStackGroupOperationResults', { regionId, operationId, pageSize: 50 });
    equal([all.length, all[0].Status, all[19].Status], [20, 'SUCCEEDED', 'CANCELLED']);
    await refused(ros('StopStackGroupOperation', { regionId, operationId }), 400, 'InvalidParameter');
    await refused(ros('StopStackGroupOperation', { regionId, operationId: 'x' }), 404, 'StackGroupOperationNotFound');
  });
  await check('ROS: preferences that are none', () => refused(ros('UpdateStackInstances', { ...instances, operationPreferences: { RegionConcurrencyType: 'ZIGZAG' } }), 400, 'InvalidParameter'));
  await check('ROS: drift is refused by name', () => refused(ros('DetectStackGroupDrift', { regionId, stackGroupName }), 404, 'InvalidApi.NotFound'));
}

(async () => {
  await stacks();
  await serviceManaged();
  await selfManaged();
  await stopping();
})();
