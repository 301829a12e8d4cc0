// Resource Directory in both versions: ResourceManager 2020-03-31 with its generated client, ResourceDirectoryMaster
// 2022-04-19 with the generic client and pop-core. Security Center and threat analysis, which have no packages, with
// pop-core.
'use strict';
const Rm = require('@alicloud/resourcemanager20200331');
const Ram = require('@alicloud/ram20150501');
const Sts = require('@alicloud/sts20150401');
const { check, equal, truth, keysOf, ownerOf, sessionOf, product, pop, generic, refused } = require('./harness');

const A = '1100000000000001', B = '1100000000000002', C = '1100000000000003', D = '1100000000000004', E = '1100000000000005';
const chief = product(Rm, keysOf(A)), owner = product(Rm, ownerOf(A)), delegate = product(Rm, keysOf(B)), member = product(Rm, keysOf(C));
const newer = generic('2022-04-19', keysOf(A));
const noDirectory = [404, 'EntityNotExists.ResourceDirectory'];

async function structure() {
  let root;
  await check('RD: the directory as its owner sees it', async () => {
    const { ResourceDirectory: d } = await chief('GetResourceDirectory');
    truth(/^rd-/.test(d.ResourceDirectoryId) && /^r-/.test(d.RootFolderId), JSON.stringify(d));
    equal([d.MasterAccountId, d.ControlPolicyStatus, d.MemberDeletionStatus], [A, 'Disabled', 'Disabled']);
    root = d.RootFolderId;
  });
  await check('RD: a member may see the directory', async () => equal((await member('GetResourceDirectory')).ResourceDirectory.MasterAccountId, A));
  await check('RD: a member may not list members', () => refused(member('ListAccounts', {}), ...noDirectory));
  await check('RD: enable twice', () => refused(chief('EnableResourceDirectory', { enableMode: 'CurrentAccount' }), 409, 'EntityAlreadyExists.ResourceDirectory'));
  await check('RD: a member cannot enable', () => refused(member('EnableResourceDirectory', { enableMode: 'CurrentAccount' }), 409, 'NotSupport.AccountInAnotherResourceDirectory'));
  await check('RD: destroy with members', () => refused(chief('DestroyResourceDirectory'), 409, 'DeleteConflict.ResourceDirectory.Account'));
  await check('RD: members in pages, 2020', async () => {
    const one = await chief('ListAccounts', { pageNumber: 1, pageSize: 3 }), two = await chief('ListAccounts', { pageNumber: 2, pageSize: 3 });
    equal([one.TotalCount, one.Accounts.Account.length, two.Accounts.Account.length], [4, 3, 1]);
    equal(new Set([...one.Accounts.Account, ...two.Accounts.Account].map((a) => a.AccountId)), new Set([B, C, D, E]));
  });
  await check('RD: members by token, 2022', async () => {
    const seen = [];
    let NextToken = '';
    do {
      const page = await newer('ListAccounts', { MaxResults: 3, ...(NextToken ? { NextToken } : {}) });
      seen.push(...page.Accounts.Account.map((a) => a.AccountId));
      NextToken = page.NextToken;
    } while (NextToken);
    equal(seen.sort(), [B, C, D, E]);
  });
  for (const [name, query, code] of [['MaxResults', { MaxResults: 101 }, 'InvalidParameter.MaxResults'], ['NextToken', { NextToken: '%' }, 'InvalidParameter.NextToken'], ['a long NextToken', { NextToken: 'a'.repeat(257) }, 'InvalidParameter.NextToken.Length']]) {
    await check(`RD: ListAccounts with a bad ${name}`, () => refused(newer('ListAccounts', query), 400, code));
  }
  let folder;
  await check('RD: a folder', async () => {
    const { Folder } = await chief('CreateFolder', { folderName: 'shops' });
    truth(/^fd-/.test(Folder.FolderId), Folder.FolderId);
    equal(Folder.ParentFolderId, root);
    folder = Folder.FolderId;
  });
  await check('RD: a second folder of the name', () => refused(chief('CreateFolder', { folderName: 'shops' }), 400, 'InvalidParameter.Folder.Name.AlreadyUsed'));
  await check('RD: a folder without name', () => refused(newer('CreateFolder', {}), 400, 'MissingParameter.Folder.Name'));
  await check('RD: a folder with a long name', () => refused(chief('CreateFolder', { folderName: 'x'.repeat(25) }), 400, 'InvalidParameter.Folder.Name.Length'));
  await check('RD: five levels and no sixth', async () => {
    let parentFolderId = folder;
    for (let n = 2; n <= 5; n++) ({ Folder: { FolderId: parentFolderId } } = await chief('CreateFolder', { folderName: `level-${n}`, parentFolderId }));
    await refused(chief('CreateFolder', { folderName: 'level-6', parentFolderId }), 409, 'LimitExceeded.Folder.Depth');
    equal((await chief('ListAncestors', { childId: parentFolderId })).Folders.Folder.length, 5);
  });
  await check('RD: a folder with subfolders is not deleted', () => refused(chief('DeleteFolder', { folderId: folder }), 409, 'DeleteConflict.Folder.SubFolder'));
  await check('RD: move a member', async () => {
    await chief('MoveAccount', { accountId: C, destinationFolderId: folder });
    const { Account } = await chief('GetAccount', { accountId: C });
    truth(Account.ResourceDirectoryPath.endsWith(`/${folder}/${C}`), Account.ResourceDirectoryPath);
    equal((await chief('ListAccountsForParent', { parentFolderId: folder })).Accounts.Account.map((a) => a.AccountId), [C]);
  });
  await check('RD: move to nowhere', () => refused(chief('MoveAccount', { accountId: C, destinationFolderId: 'fd-0' }), 404, 'EntityNotExists.Folder'));
  await check('RD: rename a member', async () => equal((await chief('UpdateAccount', { accountId: C, newDisplayName: 'web shop' })).Account.DisplayName, 'web shop'));
  await check('RD: the owner may not rename', () => refused(owner('UpdateAccount', { accountId: C, newDisplayName: 'x y' }), 409, 'CallerIdentityError'));
  await check('RD: a name in use', () => refused(chief('UpdateAccount', { accountId: C, newDisplayName: 'payments' }), 409, 'InvalidParameter.Account.DisplayName.AlreadyUsed'));
  await check('RD: tags', async () => {
    await chief('TagResources', { resourceType: 'Account', resourceId: [C, D], tag: [{ key: 'env', value: 'prod' }] });
    const { TagResources } = await chief('ListTagResources', { resourceType: 'Account', resourceId: [C] });
    equal(TagResources, [{ ResourceId: C, ResourceType: 'Account', TagKey: 'env', TagValue: 'prod' }]);
    equal((await chief('ListTagKeys', { resourceType: 'Account' })).Tags, [{ Key: 'env' }]);
    await chief('UntagResources', { resourceType: 'Account', resourceId: [C, D], tagKey: ['env'] });
  });
  return { folder, root };
}

async function delegation() {
  const register = { accountId: B, servicePrincipal: 'sas.aliyuncs.com' };
  await check('RD: no delegation before trusted access', () => refused(chief('RegisterDelegatedAdministrator', register), 409, 'InvalidParameter.ServicePrincipal'));
  await check('sas: a member may not switch on trusted access', () => refused(pop('2018-12-03', keysOf(C))('EnableServiceAccessResourceDirectory'), 403, 'NoPermission'));
  await check('sas: trusted access', async () => {
    await pop('2018-12-03', keysOf(A))('EnableServiceAccessResourceDirectory');
    const { EnabledServicePrincipals: e } = await chief('ListTrustedServiceStatus', {});
    truth(e.EnabledServicePrincipal.some((x) => x.ServicePrincipal === 'sas.aliyuncs.com'), JSON.stringify(e));
  });
  await check('cloud-siem: trusted access', async () => equal((await pop('2022-06-16', keysOf(A), { method: 'POST' })('EnableServiceForCloudSiem')).Data, true));
  await check('RD: register a delegated administrator', () => chief('RegisterDelegatedAdministrator', register));
  await check('RD: register twice', () => refused(chief('RegisterDelegatedAdministrator', register), 409, 'AccountAlreadyRegistered'));
  await check('RD: the management account is none', () => refused(chief('RegisterDelegatedAdministrator', { ...register, accountId: A }), 409, 'CannotRegisterMasterAsDelegatedAdministrator'));
  await check('RD: an unknown service', () => refused(chief('RegisterDelegatedAdministrator', { ...register, servicePrincipal: 'x.aliyuncs.com' }), 409, 'InvalidParameter.ServicePrincipal'));
  await check('RD: the delegated administrator reads', async () => {
    equal((await delegate('ListAccounts', {})).TotalCount, 4);
    await delegate('ListFoldersForParent', {});
  });
  await check('RD: the delegated administrator does not write', () => refused(delegate('CreateFolder', { folderName: 'mine' }), ...noDirectory));
  await check('RD: delegated administrators', async () => {
    const { Accounts } = await chief('ListDelegatedAdministrators', {});
    equal(Accounts.Account.map((a) => [a.AccountId, a.ServicePrincipal]), [[B, 'sas.aliyuncs.com']]);
    truth(/^\d{13}$/.test(Accounts.Account[0].DelegationEnabledTime), Accounts.Account[0].DelegationEnabledTime);
  });
  await check('RD: delegated services of an account', async () => equal((await chief('ListDelegatedServicesForAccount', { accountId: B })).DelegatedServices.DelegatedService.map((s) => s.Status), ['ENABLED']));
  await check('RD: a delegated administrator is not removed', () => refused(chief('RemoveCloudAccount', { accountId: B }), 409, 'Deny.TrustedService'));
  await check('sas: monitored members get their roles', async () => {
    const sas = pop('2018-12-03', keysOf(B));
    await sas('CreateMonitorAccount', { AccountIds: `${C},${D}` });
    equal((await sas('DescribeMonitorAccounts')).AccountIds, [C, D]);
    truth((await product(Ram, keysOf(C))('GetRole', { roleName: 'AliyunServiceRoleForSasRd' })).Role.Arn.endsWith('role/aliyunserviceroleforsasrd'), 'the ARN is in lower case');
  });
  await check('SLR: nobody but the service assumes it', () => refused(product(Sts, keysOf(C))('AssumeRole', { roleArn: `acs:ram::${C}:role/AliyunServiceRoleForSasRd`, roleSessionName: 'run' }), 403, 'NoPermission'));
  await check('SLR: DeleteRole does not delete it', () => refused(product(Ram, keysOf(C))('DeleteRole', { roleName: 'AliyunServiceRoleForSasRd' }), 409, 'DeleteConflict.Role.ServiceLinked'));
  await check('SLR: deletion fails while it is used, and says where', async () => {
    const { DeletionTaskId } = await member('DeleteServiceLinkedRole', { roleName: 'AliyunServiceRoleForSasRd' });
    truth(DeletionTaskId.startsWith('task/acs-service-role/rd.sas.aliyuncs.com/'), DeletionTaskId);
    const s = await member('GetServiceLinkedRoleDeletionStatus', { deletionTaskId: DeletionTaskId });
    equal([s.Status, s.Reason.RoleUsages.RoleUsage.length], ['FAILED', 1]);
    await pop('2018-12-03', keysOf(B))('DeleteMonitorAccount', { AccountId: C });
    const again = await member('DeleteServiceLinkedRole', { roleName: 'AliyunServiceRoleForSasRd' });
    equal((await member('GetServiceLinkedRoleDeletionStatus', { deletionTaskId: again.DeletionTaskId })).Status, 'SUCCEEDED');
  });
  await check('SLR: create, and not twice', async () => {
    const { Role } = await member('CreateServiceLinkedRole', { serviceName: 'sas.aliyuncs.com' });
    equal([Role.RoleName, Role.IsServiceLinkedRole], ['AliyunServiceRoleForSas', true]);
    await refused(member('CreateServiceLinkedRole', { serviceName: 'sas.aliyuncs.com' }), 409, 'EntityAlreadyExists.Role');
    await refused(member('CreateServiceLinkedRole', { serviceName: 'nothing.aliyuncs.com' }), 404, 'EntityNotExist.Service');
  });
  await check('RD: deregister, and not twice', async () => {
    await chief('DeregisterDelegatedAdministrator', register);
    await refused(chief('DeregisterDelegatedAdministrator', register), 409, 'AccountNotRegistered');
  });
}

async function control({ folder, root }) {
  const ram = product(Ram, keysOf(C));
  const deny = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Deny', Action: 'ram:CreateUser', Resource: '*' }] });
  let id;
  await check('control policies: on', async () => {
    equal((await chief('EnableControlPolicy', {})).EnablementStatus, 'PendingEnable');
    equal((await chief('GetControlPolicyEnablementStatus', {})).EnablementStatus, 'Enabled');
  });
  await check('control policies: create', async () => {
    const { ControlPolicy: p } = await chief('CreateControlPolicy', { policyName: 'no-users', effectScope: 'RAM', policyDocument: deny });
    truth(/^cp-/.test(p.PolicyId), p.PolicyId);
    equal([p.PolicyType, p.AttachmentCount], ['Custom', '0']);
    id = p.PolicyId;
  });
  await check('control policies: a name in use', () => refused(chief('CreateControlPolicy', { policyName: 'no-users', effectScope: 'RAM', policyDocument: deny }), 409, 'EntityAlreadyExists.ControlPolicy'));
  await check('control policies: a bad document', () => refused(chief('CreateControlPolicy', { policyName: 'x', effectScope: 'RAM', policyDocument: '{}' }), 400, 'InvalidParameter.PolicyDocument'));
  await check('control policies: on a folder they bind its members', async () => {
    await ram('CreateUser', { userName: 'before' });
    await chief('AttachControlPolicy', { policyId: id, targetId: folder });
    const e = await refused(ram('CreateUser', { userName: 'after' }), 403, 'NoPermission');
    const d = e.accessDeniedDetail || e.data.AccessDeniedDetail;
    equal([d.PolicyType, d.NoPermissionType], ['ControlPolicy', 'ExplicitDeny']);
    await ram('ListUsers', {});
  });
  await check('control policies: not the owner of the member', () => product(Ram, ownerOf(C))('CreateUser', { userName: 'by-owner' }));
  await check('control policies: not other members', () => product(Ram, keysOf(D))('CreateUser', { userName: 'elsewhere' }));
  await check('control policies: attach twice', () => refused(chief('AttachControlPolicy', { policyId: id, targetId: folder }), 409, 'EntityAlreadyExists.ControlPolicyAttachment'));
  await check('control policies: the last one stays', () => refused(chief('DetachControlPolicy', { policyId: 'cp-FullAliyunAccess', targetId: C }), 400, 'NotSupport.DetachLastControlPolicy'));
  await check('control policies: an attached one is not deleted', () => refused(chief('DeleteControlPolicy', { policyId: id }), 409, 'DeleteConflict.ControlPolicy'));
  await check('control policies: targets and attachments', async () => {
    equal((await chief('ListTargetAttachmentsForControlPolicy', { policyId: id })).TargetAttachments.TargetAttachment.map((t) => [t.TargetType, t.TargetName]), [['Folder', 'shops']]);
    equal((await chief('ListControlPolicyAttachmentsForTarget', { targetId: folder })).ControlPolicyAttachments.ControlPolicyAttachment.map((p) => p.PolicyName), ['FullAliyunAccess', 'no-users']);
  });
  await check('control policies: a level that allows nothing denies', async () => {
    await chief('DetachControlPolicy', { policyId: 'cp-FullAliyunAccess', targetId: folder });
    const e = await refused(ram('ListUsers', {}), 403, 'NoPermission');
    equal((e.accessDeniedDetail || e.data.AccessDeniedDetail).NoPermissionType, 'ImplicitDeny');
    await chief('AttachControlPolicy', { policyId: 'cp-FullAliyunAccess', targetId: folder });
  });
  await check('control policies: moving away frees a member', async () => {
    await chief('MoveAccount', { accountId: C, destinationFolderId: root });
    await ram('CreateUser', { userName: 'after' });
  });
  await check('control policies: off detaches everything', async () => {
    equal((await chief('DisableControlPolicy', {})).EnablementStatus, 'PendingDisable');
    await refused(chief('AttachControlPolicy', { policyId: id, targetId: folder }), 409, 'InvalidControlPolicyEnablementStatus');
    await chief('DeleteControlPolicy', { policyId: id });
  });
}

async function members({ folder }) {
  let created;
  await check('RD: a dry run makes nothing', async () => {
    await newer('CreateResourceAccount', { DisplayName: 'nobody', DryRun: true });
    equal((await chief('ListAccounts', {})).TotalCount, 4);
  });
  await check('RD: create a member', async () => {
    const { Account } = await chief('CreateResourceAccount', { displayName: 'lab', accountNamePrefix: 'lab', parentFolderId: folder });
    equal([Account.Type, Account.JoinMethod, Account.Status, Account.FolderId], ['ResourceAccount', 'created', 'CreateSuccess', folder]);
    truth(/^\d{16}$/.test(Account.AccountId) && /^lab@rd-.*\.aliyunid\.com$/.test(Account.AccountName), JSON.stringify(Account));
    created = Account.AccountId;
  });
  await check('RD: the management account has a role in it', async () => {
    const sts = product(Sts, keysOf(A)), roleArn = `acs:ram::${created}:role/ResourceDirectoryAccountAccessRole`;
    const { Credentials } = await sts('AssumeRole', { roleArn, roleSessionName: 'visit' });
    equal((await product(Sts, sessionOf(Credentials))('GetCallerIdentity')).AccountId, created);
    await refused(product(Sts, keysOf(B))('AssumeRole', { roleArn, roleSessionName: 'visit' }), 403, 'NoPermission');
  });
  await check('RD: a created member cannot be removed', () => refused(chief('RemoveCloudAccount', { accountId: created }), 409, 'AccountTypeOrStatusMismatch'));
  await check('RD: deletion is forbidden at first', () => refused(chief('DeleteAccount', { accountId: created }), 409, 'NoLicense.ResourceDirectory'));
  await check('RD: only the management account allows it', () => refused(member('SetMemberDeletionPermission', { status: 'Enabled' }), 403, 'MemberAccountAccessDenied'));
  await check('RD: check and delete a member', async () => {
    equal((await chief('SetMemberDeletionPermission', { status: 'Enabled' })).MemberDeletionStatus, 'Enabled');
    await refused(owner('DeleteAccount', { accountId: created }), 409, 'CallerIdentityError.DeleteAccount');
    await refused(chief('DeleteAccount', { accountId: C }), 409, 'MemberTypeError.DeleteAccount');
    await chief('CheckAccountDelete', { accountId: created });
    equal((await chief('GetAccountDeletionCheckResult', { accountId: created })).AccountDeletionCheckResultInfo.AllowDelete, 'true');
    equal((await chief('DeleteAccount', { accountId: created })).DeletionType, '0');
    equal((await chief('GetAccountDeletionStatus', { accountId: created })).RdAccountDeletionStatus.Status, 'Success');
    await refused(chief('GetAccount', { accountId: created }), 404, 'EntityNotExists.Account');
  });
  await check('RD: remove an invited member and invite it again', async () => {
    await chief('RemoveCloudAccount', { accountId: E });
    await refused(product(Rm, keysOf(E))('GetResourceDirectory'), 404, 'ResourceDirectoryNotInUse');
    const { Handshake } = await newer('InviteAccountToResourceDirectory', { TargetEntity: E, TargetType: 'Account', Note: 'come back', ParentFolderId: folder });
    equal([Handshake.Status, Handshake.TargetEntity], ['Pending', E]);
    await refused(chief('InviteAccountToResourceDirectory', { targetEntity: E, targetType: 'Account' }), 409, 'EntityAlreadyExists.Handshake');
    const invited = product(Rm, keysOf(E)), handshakeId = Handshake.HandshakeId;
    equal((await invited('GetHandshake', { handshakeId })).Handshake.InvitedAccountRealName, 'Fenghuo Example Co., Ltd.');
    await refused(member('AcceptHandshake', { handshakeId }), 404, 'EntityNotExists.Handshake');
    equal((await invited('AcceptHandshake', { handshakeId })).Handshake.Status, 'Accepted');
    await refused(invited('DeclineHandshake', { handshakeId }), 409, 'HandshakeStatusMismatch');
    equal((await chief('GetAccount', { accountId: E })).Account.FolderId, folder);
  });
  await check('RD: cancel an invitation', async () => {
    await chief('RemoveCloudAccount', { accountId: E });
    const { Handshake } = await chief('InviteAccountToResourceDirectory', { targetEntity: E, targetType: 'Account' });
    equal((await chief('CancelHandshake', { handshakeId: Handshake.HandshakeId })).Handshake.Status, 'Cancelled');
    await refused(product(Rm, keysOf(E))('AcceptHandshake', { handshakeId: Handshake.HandshakeId }), 409, 'HandshakeStatusMismatch');
  });
  await check('RD: invite whom nobody knows', () => refused(chief('InviteAccountToResourceDirectory', { targetEntity: '42', targetType: 'Account' }), 400, 'InvalidParameter.TargetEntity'));
  await check('RD: a user without permission', async () => {
    const ram = product(Ram, keysOf(A));
    await ram('CreateUser', { userName: 'clerk' });
    const { AccessKey: k } = await ram('CreateAccessKey', { userName: 'clerk' });
    const e = await refused(product(Rm, { accessKeyId: k.AccessKeyId, accessKeySecret: k.AccessKeySecret })('ListAccounts', {}), 403, 'NoPermission');
    equal((e.accessDeniedDetail || e.data.AccessDeniedDetail).AuthAction, 'resourcemanager:ListAccounts');
  });
}

// contactInfo is about phones, e-mail addresses, payers, contacts and resource groups; both versions where both have it.
async function contactInfo() {
  let id;
  const ask = { 2020: (action, q) => chief(action, Object.fromEntries(Object.entries(q).map(([k, v]) => [k[0].toLowerCase() + k.slice(1), v]))), 2022: newer };
  await check('RD: a resource account that its payer pays for', async () => {
    id = (await chief('CreateResourceAccount', { displayName: 'paid for', payerAccountId: A })).Account.AccountId;
    equal((await chief('GetPayerForAccount', { accountId: id })).PayerAccountId, A);
  });
  await check('RD: a payer outside the directory', () => refused(chief('CreateResourceAccount', { displayName: 'unpaid', payerAccountId: '42' }), 409, 'NotSupport.PayerAccountInAnotherResourceDirectory'));
  await check('RD: another payer, 2022', async () => {
    await newer('UpdatePayerForAccount', { AccountId: id, PayerAccountId: id });
    equal((await newer('GetPayerForAccount', { AccountId: id })).PayerAccountId, id);
    await refused(newer('UpdatePayerForAccount', { AccountId: id, PayerAccountId: '42' }), 409, 'NotSupport.PayerAccountInAnotherResourceDirectory');
    await refused(newer('UpdatePayerForAccount', { AccountId: '42', PayerAccountId: A }), 404, 'EntityNotExists.Account');
    await refused(newer('UpdatePayerForAccount', { AccountId: id }), 400, 'MissingParameter.PayerAccountId');
  });
  await check('RD: who could pay, 2022', async () => {
    equal((await newer('PrecheckForConsolidatedBillingAccount', { BillingAccountId: A })).Result, true);
    const no = await newer('PrecheckForConsolidatedBillingAccount', { BillingAccountId: '42' });
    equal([no.Result, no.Reasons[0].Code], [false, 'NotSupport.PayerAccountInAnotherResourceDirectory']);
  });
  for (const version of ['2020', '2022']) {
    await check(`RD: a phone needs its code, ${version}`, async () => {
      const phone = { AccountId: id, SecureMobilePhone: '86-13900001234' };
      const sent = await ask[version]('SendVerificationCodeForBindSecureMobilePhone', phone);
      truth(Date.parse(sent.ExpirationDate) > Date.now(), sent.ExpirationDate);
      await refused(ask[version]('BindSecureMobilePhone', { ...phone, VerificationCode: '123456' }), 409, 'Invalid.VerificationCode');
      await refused(ask[version]('SendVerificationCodeForBindSecureMobilePhone', { ...phone, SecureMobilePhone: '1-2025550123' }), 400, 'InvalidParameter.SecureMobilePhone');
      await refused(ask[version]('SendVerificationCodeForBindSecureMobilePhone', { ...phone, AccountId: B }), 409, 'AccountTypeMismatch');
    });
    await check(`RD: an e-mail address changes once at a time, ${version}`, async () => {
      await ask[version]('ChangeAccountEmail', { AccountId: id, Email: 'owner@example.com' });
      await refused(ask[version]('ChangeAccountEmail', { AccountId: id, Email: 'other@example.com' }), 400, 'NotSupportedOperation.Account.EmailModify');
      await ask[version]('RetryChangeAccountEmail', { AccountId: id });
      await ask[version]('CancelChangeAccountEmail', { AccountId: id });
      await refused(ask[version]('CancelChangeAccountEmail', { AccountId: id }), 404, 'EntityNotExists.EmailModifyRecord');
    });
  }
  await check('RD: a phone is bound and a cloud account needs an address too', async () => {
    const phone = { accountId: id, secureMobilePhone: '86-13900001234', verificationCode: '000000' };
    await chief('BindSecureMobilePhone', phone);
    await refused(chief('BindSecureMobilePhone', phone), 409, 'NotSupportedOperation.Account.SecureMobilePhone');
    await refused(chief('UpdateAccount', { accountId: id, newAccountType: 'CloudAccount' }), 409, 'MissingSecurityInfo');
  });
  await check('RD: a member may do none of it', async () => {
    await refused(member('ChangeAccountEmail', { accountId: id, email: 'a@example.com' }), ...noDirectory);
    await refused(generic('2022-04-19', keysOf(C))('UpdatePayerForAccount', { AccountId: id, PayerAccountId: A }), ...noDirectory);
    await refused(generic('2022-04-19', keysOf(C))('ListMessageContacts', {}), ...noDirectory);
  });
  await check('RD: a promotion waits, is cancelled, and is of one version', async () => {
    const { Account: a } = await chief('PromoteResourceAccount', { accountId: id, email: 'owner@example.com' });
    equal(a.Status, 'PromoteVerifying');
    await refused(chief('PromoteResourceAccount', { accountId: id, email: 'owner@example.com' }), 409, 'AccountTypeOrStatusMismatch');
    await chief('CancelPromoteResourceAccount', { recordId: a.RecordId });
    equal((await chief('GetAccount', { accountId: id })).Account.Status, 'PromoteCancelled');
    await refused(newer('PromoteResourceAccount', { AccountId: id, Email: 'owner@example.com' }), 404, 'InvalidApi.NotFound');
  });
  await check('RD: a contact is verified before it is bound, 2022', async () => {
    const q = { Name: 'tom', EmailAddress: 'tom@example.com', Title: 'CEO', 'MessageTypes.1': 'SecurityMessage' };
    const { Contact: { ContactId } } = await newer('AddMessageContact', q);
    await refused(newer('AddMessageContact', q), 400, 'InvalidParameter.Name');
    await refused(newer('AssociateMembers', { ContactId, 'Members.1': B }), 400, 'ContactStatusMismatchAction');
    await newer('SendEmailVerificationForMessageContact', { ContactId, EmailAddress: q.EmailAddress });
    equal((await newer('AssociateMembers', { ContactId, 'Members.1': B })).Members[0].MemberId, B);
    const list = await newer('ListMessageContacts', { Member: B });
    equal([list.TotalCount, list.Contacts[0].Status, list.Contacts[0].Members], [1, 'Active', [B]]);
    await newer('DeleteMessageContact', { ContactId });
    await refused(newer('GetMessageContact', { ContactId }), 400, 'InvalidParameter.ContactId');
  });
  await check('RD: resource groups are the account\'s own', async () => {
    const { ResourceGroup: g } = await member('CreateResourceGroup', { name: 'web', displayName: 'Web' });
    equal([g.Status, g.AccountId], ['Creating', C]);
    await refused(member('CreateResourceGroup', { name: 'web', displayName: 'Web' }), 409, 'EntityAlreadyExists.ResourceGroup');
    equal((await member('ListResourceGroups', {})).ResourceGroups.ResourceGroup.map((x) => [x.Name, x.Status]), [['default', 'OK'], ['web', 'OK']]);
    await refused(chief('GetResourceGroup', { resourceGroupId: g.Id }), 404, 'EntityNotExists.ResourceGroup');
    equal((await member('DeleteResourceGroup', { resourceGroupId: g.Id })).ResourceGroup.Status, 'PendingDelete');
  });
}

(async () => {
  const places = await structure();
  await delegation();
  await control(places);
  await members(places);
  await contactInfo();
})();
