// CloudFlow 2019-03-15 with its official client: flows, executions in both modes, callbacks, versions, schedules, actions of
// other products, and refusals.
'use strict';
const Fnf = require('@alicloud/fnf-2019-03-15');
const { check, equal, truth, keysOf, pop, refused, cloud } = require('./harness');

const B = '1100000000000002', D = '1100000000000004';
const client = (keys) => new Fnf({ ...keys, endpoint: `http://${cloud.host}`, opts: { timeout: 120000 } });
const fnf = client(keysOf(B)), other = client(keysOf(D)), nobody = client({ accessKeyId: keysOf(B).accessKeyId, accessKeySecret: 'wrong' });
const generic = pop('2019-03-15', keysOf(B)), ram = pop('2015-05-01', keysOf(D));

const flow = (Name, states, more = '') => ({
  Name, Description: 'test', Type: 'FDL',
  Definition: `Type: StateMachine\nSpecVersion: v1\nName: ${Name}\n${more}StartAt: A\nStates:\n${states}`,
});
const pass = '  - {Name: A, Type: Pass, OutputConstructor: {sum.$: "intAdd($Input.n, 1)"}, End: true}\n';
const execution = (FlowName, ExecutionName, WaitTimeSeconds = 60, call = fnf) => call.describeExecution({ FlowName, ExecutionName, WaitTimeSeconds });

async function until(what, probe) {
  for (let i = 0; i < 5000; i++) {
    const value = await probe();
    if (value) return value;
    await new Promise((r) => setTimeout(r, 25));
  }
  throw new Error(`${what} did not come true`);
}

async function flows() {
  await check('CloudFlow: a wrong signature', () => refused(nobody.createFlow(flow('f', pass)), 400, 'SignatureDoesNotMatch'));
  await check('CloudFlow: create, describe and list flows', async () => {
    const f = await fnf.createFlow(flow('f', pass));
    equal([f.Name, f.Type, f.ExecutionMode], ['f', 'FDL', 'Standard']);
    truth(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(f.CreatedTime), f.CreatedTime);
    equal((await fnf.describeFlow({ Name: 'f' })).Id, f.Id);
    equal((await fnf.listFlows({})).Flows.map((x) => x.Name), ['f']);
  });
  await check('CloudFlow: a second flow of the name', () => refused(fnf.createFlow(flow('f', pass)), 409, 'FlowAlreadyExists'));
  await check('CloudFlow: an absent flow', async () => {
    const e = await refused(fnf.describeFlow({ Name: 'none' }), 404, 'FlowNotExists');
    truth(e.message.includes("Flow 'none' does not exist"), e.message);
  });
  await check('CloudFlow: a flow of another account', () => refused(other.describeFlow({ Name: 'f' }), 404, 'FlowNotExists'));
  const refusal = (name, definition, words) => check(`CloudFlow: ${name}`, async () => {
    const e = await refused(fnf.createFlow({ ...flow('bad', pass), ...definition }), 400, 'InvalidArgument');
    truth(e.message.includes(words), e.message);
  });
  await refusal('the old language', { Definition: 'version: v1\ntype: flow\nsteps:\n  - {type: pass, name: a}\n' }, 'this is the old flow definition language');
  await refusal('an unknown field', flow('bad', '  - {Name: A, Type: Pass, End: true, Nxt: B}\n'), 'unknown field Nxt');
  await refusal('a missing target', flow('bad', '  - {Name: A, Type: Pass, Next: B}\n'), 'A leads to "B"');
  await refusal('a state that no path leads to', flow('bad', pass + '  - {Name: B, Type: Succeed}\n'), 'no path leads to B');
  await refusal('a condition outside the grammar', flow('bad', '  - {Name: A, Type: Choice, Branches: [{Condition: "$Input.a = 1", Next: B}], Default: B}\n  - {Name: B, Type: Succeed}\n'), "unexpected character '='");
  await refusal('another name than that of the flow', { Definition: flow('good', pass).Definition }, 'they must be equal');
  await refusal('distributed Map', flow('bad', '  - {Name: A, Type: Map, ItemsPath: $Input.l, ProcessorConfig: {}, Processor: {StartAt: I, States: [{Name: I, Type: Succeed}]}, End: true}\n'), 'ProcessorConfig belongs to distributed Map');
  await refusal('an action of Message Service', flow('bad', '  - {Name: A, Type: Task, Action: "MNS:SendMessage", End: true}\n'), 'this cloud has no Message Service');
  await refusal('an operation that no product has', flow('bad', '  - {Name: A, Type: Task, Action: "ECS:StopTheWorld", End: true}\n'), 'this cloud has no such operation');
  await refusal('another type', { Type: 'DEFAULT' }, 'Type must be FDL');
}

async function executions() {
  await check('CloudFlow: start an execution', async () => {
    const x = await fnf.startExecution({ FlowName: 'f', ExecutionName: 'one', Input: '{"n":41}' });
    equal([x.FlowName, x.Name, x.Status, x.Output], ['f', 'one', '', '']);
    const d = await execution('f', 'one');
    equal([d.Status, d.Output, d.Input], ['Succeeded', '{"sum":42}', '{"n":41}']);
  });
  await check('CloudFlow: the name of an execution that has ended', () => refused(fnf.startExecution({ FlowName: 'f', ExecutionName: 'one' }), 400, 'ExecutionAlreadyExists'));
  await check('CloudFlow: an execution without a name', async () => {
    const x = await fnf.startExecution({ FlowName: 'f', Input: '{"n":1}' });
    truth(/^[0-9a-f-]{36}$/.test(x.Name), x.Name);
    equal((await execution('f', x.Name)).Status, 'Succeeded');
  });
  await check('CloudFlow: an input that is no object', () => refused(fnf.startExecution({ FlowName: 'f', Input: '[1]' }), 400, 'InvalidArgument'));
  await check('CloudFlow: an expression that fails', async () => {
    await fnf.startExecution({ FlowName: 'f', ExecutionName: 'bad', Input: '{}' });
    equal((await execution('f', 'bad')).Status, 'Failed');
  });
  await check('CloudFlow: the history', async () => {
    const all = (await fnf.getExecutionHistory({ FlowName: 'f', ExecutionName: 'one' })).Events;
    equal(all.map((e) => e.Type), ['ExecutionStarted', 'StepEntered', 'StepSucceeded', 'StepExited', 'ExecutionSucceeded']);
    equal(all.map((e) => e.EventId), [1, 2, 3, 4, 5]);
    const first = await fnf.getExecutionHistory({ FlowName: 'f', ExecutionName: 'one', Limit: 2 });
    equal((await fnf.getExecutionHistory({ FlowName: 'f', ExecutionName: 'one', NextToken: first.NextToken })).Events.length, 3);
  });
  await check('CloudFlow: list executions by state', async () => {
    equal((await fnf.listExecutions({ FlowName: 'f', Status: 'Failed' })).Executions.map((x) => x.Name), ['bad']);
    await refused(fnf.listExecutions({ FlowName: 'f', Limit: 100 }), 400, 'InvalidArgument');
  });
  await check('CloudFlow: an absent execution', () => refused(execution('f', 'none', 0), 404, 'ExecutionNotExists'));
  await check('CloudFlow: stop an execution; a running name is the same execution', async () => {
    await fnf.createFlow(flow('slow', '  - {Name: A, Type: Wait, Seconds: 300, End: true}\n'));
    const first = await fnf.startExecution({ FlowName: 'slow', ExecutionName: 'x' });
    equal((await fnf.startExecution({ FlowName: 'slow', ExecutionName: 'x' })).StartedTime, first.StartedTime);
    await fnf.stopExecution({ FlowName: 'slow', ExecutionName: 'x', Error: 'Enough', Cause: 'test' });
    equal((await execution('slow', 'x')).Status, 'Stopped');
    await refused(fnf.stopExecution({ FlowName: 'slow', ExecutionName: 'x' }), 400, 'ExecutionAlreadyCompleted');
  });
  await check('CloudFlow: a flow that takes too long', async () => {
    await fnf.createFlow(flow('short', '  - {Name: A, Type: Wait, Seconds: 300, End: true}\n', 'Timeout: 1\n'));
    await fnf.startExecution({ FlowName: 'short', ExecutionName: 'x' });
    equal((await execution('short', 'x')).Status, 'TimedOut');
  });
  await check('CloudFlow: express flows run at once', async () => {
    await generic('CreateFlow', { ...flow('fast', pass), ExecutionMode: 'Express' }, { method: 'POST' });
    const x = await generic('StartSyncExecution', { FlowName: 'fast', ExecutionName: 'x', Input: '{"n":1}' }, { method: 'POST' });
    equal([x.Status, x.Output, x.Name.startsWith('x:')], ['Succeeded', '{"sum":2}', true]);
    await refused(fnf.startExecution({ FlowName: 'fast' }), 400, 'ActionNotSupported');
    await refused(generic('StartSyncExecution', { FlowName: 'f' }), 400, 'ActionNotSupported');
  });
}

async function tasks() {
  const role = `acs:ram::${D}:role/flow`;
  const trust = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['fnf.aliyuncs.com'] } }] });
  const allow = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'ecs:DescribeSecurityGroupAttribute', Resource: '*' }, { Effect: 'Allow', Action: 'fnf:StartExecution', Resource: '*' }] });
  await ram('CreateRole', { RoleName: 'flow', AssumeRolePolicyDocument: trust });
  const task = (Name, action, parameters, more = '') => ({ ...flow(Name, `  - {Name: A, Type: Task, Action: "${action}", Parameters: ${parameters}, ${more}OutputConstructor: {o.$: $Output}, Catch: [{Errors: [FnF.ALL], Description: d, OutputConstructor: {code.$: $Context.Current.Error.Code}, Next: E}], Next: E}\n  - {Name: E, Type: Succeed}\n`), RoleArn: role });
  const result = async (name, x = 'x') => JSON.parse((await execution(name, x, 60, other)).Output);
  await check('CloudFlow: an action of another product without the permission', async () => {
    await other.createFlow(task('ask', 'ECS:DescribeSecurityGroupAttribute', '{SecurityGroupId: sg-bp1payments}'));
    await other.startExecution({ FlowName: 'ask', ExecutionName: 'x' });
    truth(/^ECS\./.test((await result('ask')).code), JSON.stringify(await result('ask')));
  });
  await check('CloudFlow: an action of another product', async () => {
    await ram('CreatePolicy', { PolicyName: 'flow', PolicyDocument: allow });
    await ram('AttachPolicyToRole', { PolicyName: 'flow', PolicyType: 'Custom', RoleName: 'flow' });
    await other.startExecution({ FlowName: 'ask', ExecutionName: 'y' });
    equal((await result('ask', 'y')).o.SecurityGroupId, 'sg-bp1payments');
  });
  await check('CloudFlow: an error of another product can be caught', async () => {
    await other.createFlow(task('miss', 'ECS:DescribeSecurityGroupAttribute', '{SecurityGroupId: sg-none}'));
    await other.startExecution({ FlowName: 'miss', ExecutionName: 'x' });
    truth(/^ECS\.InvalidSecurityGroupId/.test((await result('miss')).code), JSON.stringify(await result('miss')));
  });
  await check('CloudFlow: a child flow', async () => {
    await other.createFlow(flow('child', pass));
    await other.createFlow(task('parent', 'FNF:StartExecution', '{resourceArn: "acs:fnf:::flow/child", executionName: kid, input: {n: 1}}', 'TaskMode: WaitForSystemCallback, '));
    await other.startExecution({ FlowName: 'parent', ExecutionName: 'x' });
    const { o } = await result('parent');
    equal([o.FlowName, o.ExecutionName, typeof o.RequestID], ['child', 'kid', 'string']);
    equal((await execution('child', 'kid', 0, other)).Output, '{"sum":2}');
  });
  await check('CloudFlow: a function that does not exist', async () => {
    await other.createFlow(task('call', 'FC:InvokeFunction', '{resourceArn: "acs:fc:::functions/none/LATEST", invocationType: Sync}'));
    await ram('AttachPolicyToRole', { PolicyName: 'AliyunFCInvocationAccess', PolicyType: 'System', RoleName: 'flow' });
    await other.startExecution({ FlowName: 'call', ExecutionName: 'x' });
    equal(await result('call'), { code: 'FC.FunctionNotFound' });
  });
  await check('CloudFlow: callbacks', async () => {
    // The token goes to a child flow, which keeps it in its input.
    await other.createFlow(task('wait', 'FNF:StartExecution', '{resourceArn: "acs:fnf:::flow/child", executionName.$: $Context.Execution.Name, input: {n: 1, token.$: $Context.Current.TaskToken}}', 'TaskMode: WaitForCustomCallback, Timeout: 60, '));
    for (const [name, report, want] of [
      ['good', (TaskToken) => other.reportTaskSucceeded({ TaskToken, Output: '{"a":1}' }), { o: { a: 1 } }],
      ['wrong', (TaskToken) => other.reportTaskFailed({ TaskToken, Error: 'Own.Error', Cause: 'test' }), { code: 'Own.Error' }],
    ]) {
      await other.startExecution({ FlowName: 'wait', ExecutionName: name });
      const token = await until('the child starts', async () => {
        try { return JSON.parse((await execution('child', name, 0, other)).Input).token; } catch { return ''; }
      });
      truth((await report(token)).EventId > 0, 'the report names no event');
      equal(await result('wait', name), want);
      await refused(report(token), 400, 'InvalidArgument');
    }
  });
  await check('CloudFlow: a token of another account', async () => {
    await other.startExecution({ FlowName: 'wait', ExecutionName: 'theirs' });
    const token = await until('the child starts', async () => {
      try { return JSON.parse((await execution('child', 'theirs', 0, other)).Input).token; } catch { return ''; }
    });
    await refused(fnf.reportTaskSucceeded({ TaskToken: token, Output: '{}' }), 400, 'InvalidArgument');
    await other.reportTaskSucceeded({ TaskToken: token, Output: '{"a":2}' });
    equal(await result('wait', 'theirs'), { o: { a: 2 } });
  });
  await check('CloudFlow: a token that nobody waits on', () => refused(fnf.reportTaskSucceeded({ TaskToken: 'none', Output: '{}' }), 400, 'InvalidArgument'));
}

async function rest() {
  await check('CloudFlow: versions and aliases', async () => {
    equal((await generic('PublishFlowVersion', { FlowName: 'f', Description: 'first' })).Version, '1');
    await fnf.updateFlow({ Name: 'f', Definition: flow('f', pass.replace('1)', '100)')).Definition });
    await generic('CreateFlowAlias', { FlowName: 'f', Name: 'prod', RoutingConfigurations: JSON.stringify([{ Version: '1', Weight: 100 }]) });
    await generic('StartExecution', { FlowName: 'f', ExecutionName: 'old', Input: '{"n":1}', Qualifier: 'prod' });
    await fnf.startExecution({ FlowName: 'f', ExecutionName: 'new', Input: '{"n":1}' });
    equal([(await execution('f', 'old')).Output, (await execution('f', 'new')).Output], ['{"sum":2}', '{"sum":101}']);
    await refused(generic('DeleteFlowVersion', { FlowName: 'f', FlowVersion: '1' }), 412, 'PreconditionFailed');
  });
  await check('CloudFlow: schedules', async () => {
    const s = await fnf.createSchedule({ FlowName: 'f', ScheduleName: 's', CronExpression: '@every 1s', Payload: '{"n":5}', Enable: true });
    equal([s.ScheduleName, s.Enable], ['s', true]);
    await until('the schedule fires', async () => (await fnf.listExecutions({ FlowName: 'f' })).Executions.some((x) => x.Input === '{"n":5}'));
    equal((await fnf.updateSchedule({ FlowName: 'f', ScheduleName: 's', Enable: false })).Enable, false);
    await refused(fnf.createSchedule({ FlowName: 'f', ScheduleName: 't', CronExpression: 'every minute' }), 400, 'InvalidArgument');
    equal((await fnf.listSchedules({ FlowName: 'f' })).Schedules.map((x) => x.ScheduleName), ['s']);
    await fnf.deleteSchedule({ FlowName: 'f', ScheduleName: 's' });
    await refused(fnf.describeSchedule({ FlowName: 'f', ScheduleName: 's' }), 404, 'ScheduleNotExists');
  });
  await check('CloudFlow: distributed map runs are refused by name', async () => {
    const e = await refused(generic('DescribeMapRun', { FlowName: 'f', ExecutionName: 'one', MapRunName: 'm' }), 400, 'ActionNotSupported');
    truth(e.message.includes('DescribeMapRun'), e.message);
  });
  await check('CloudFlow: an unknown operation', async () => {
    const e = await refused(generic('PauseExecution'), 404, 'InvalidApi.NotFound');
    truth(e.message.includes('PauseExecution'), e.message);
  });
  await check('CloudFlow: delete a flow', async () => {
    await fnf.deleteFlow({ Name: 'f' });
    await refused(fnf.describeFlow({ Name: 'f' }), 404, 'FlowNotExists');
    await refused(execution('f', 'one', 0), 404, 'FlowNotExists');
    equal((await fnf.createFlow(flow('f', pass))).Name, 'f');
  });
  await check('CloudFlow: a role is handed over only by who may', async () => {
    await ram('CreateUser', { UserName: 'flows' });
    const { AccessKey: k } = await ram('CreateAccessKey', { UserName: 'flows' });
    const user = client({ accessKeyId: k.AccessKeyId, accessKeySecret: k.AccessKeySecret });
    const may = (Action) => JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
    await ram('CreatePolicy', { PolicyName: 'flows', PolicyDocument: may('fnf:*') });
    await ram('AttachPolicyToUser', { PolicyName: 'flows', PolicyType: 'Custom', UserName: 'flows' });
    const RoleArn = `acs:ram::${D}:role/flow`;
    await refused(user.createFlow({ ...flow('own', pass), RoleArn }), 403, 'AccessDenied');
    equal((await user.createFlow(flow('own', pass))).RoleArn, '');
    await ram('AttachPolicyToUser', { PolicyName: 'AliyunFnFFullAccess', PolicyType: 'System', UserName: 'flows' });
    equal((await user.updateFlow({ Name: 'own', RoleArn })).RoleArn, RoleArn);
  });
}

(async () => {
  await flows();
  await executions();
  await tasks();
  await rest();
})();
