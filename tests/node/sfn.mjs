// A worker with AWS's own client: takes a task, says so, and answers where it is told on standard input to go on.
// Prints what it saw as JSON. Arguments: URL, access key, secret.
import { createInterface } from "node:readline/promises";
import {
  CreateActivityCommand,
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetActivityTaskCommand,
  InvalidDefinition,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  TaskTimedOut,
  paginateGetExecutionHistory,
  paginateListExecutions,
} from "@aws-sdk/client-sfn";

const [url, accessKeyId, secretAccessKey] = process.argv.slice(2);
const connect = (endpoint) =>
  new SFNClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
    disableHostPrefix: true,
    maxAttempts: 1,
  });
const roleArn = "arn:aws:iam::000000000001:role/any";
const names = ["a", "b", "c"];
let sfn = connect(url);

const refused = async (command, kind) => {
  try {
    await sfn.send(command);
  } catch (error) {
    return error instanceof kind ? error.name : `${error}`;
  }
  return "done";
};

const { activityArn } = await sfn.send(new CreateActivityCommand({ name: "js" }));
const definition = JSON.stringify({
  StartAt: "Work",
  States: {
    Work: { Type: "Task", Resource: activityArn, ResultPath: "$.work", Next: "Done" },
    Done: { Type: "Succeed" },
  },
});
const machine = await sfn.send(new CreateStateMachineCommand({ name: "js", definition, roleArn, publish: true }));
const routingConfiguration = [{ stateMachineVersionArn: machine.stateMachineVersionArn, weight: 100 }];
const alias = await sfn.send(new CreateStateMachineAliasCommand({ name: "live", routingConfiguration }));
const started = [];
for (const name of names) {
  const input = JSON.stringify({ name });
  const start = new StartExecutionCommand({ stateMachineArn: alias.stateMachineAliasArn, name, input });
  started.push((await sfn.send(start)).executionArn);
}

const handed = [];
const take = async () => {
  const task = await sfn.send(new GetActivityTaskCommand({ activityArn, workerName: "js" }));
  handed.push(JSON.parse(task.input).name);
  return task.taskToken;
};
const answer = (taskToken) => new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(handed.length) });
let token = await take();
console.log("taken");
sfn = connect(await createInterface({ input: process.stdin }).question(""));
await sfn.send(answer(token));
while (handed.length < names.length) {
  token = await take();
  await sfn.send(answer(token));
}

const ended = async (executionArn) => {
  for (;;) {
    const shown = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (shown.status !== "RUNNING") return shown;
    await new Promise((wake) => setTimeout(wake, 50));
  }
};
const executions = [];
for (const executionArn of started) {
  const { status, output, stateMachineAliasArn, stopDate } = await ended(executionArn);
  const types = [];
  for await (const page of paginateGetExecutionHistory({ client: sfn, pageSize: 3 }, { executionArn })) {
    types.push(...page.events.map((event) => event.type));
  }
  const isWhole = stateMachineAliasArn === alias.stateMachineAliasArn && stopDate instanceof Date;
  executions.push({ status, output: JSON.parse(output), isWhole, types });
}
const listed = [];
const { stateMachineArn } = machine;
for await (const page of paginateListExecutions({ client: sfn, pageSize: 1 }, { stateMachineArn })) {
  listed.push(page.executions.map((execution) => execution.name));
}
const gone = new DescribeStateMachineCommand({ stateMachineArn: `${stateMachineArn}gone` });
const broken = new CreateStateMachineCommand({ name: "broken", definition: "{}", roleArn });
const errors = [
  await refused(gone, StateMachineDoesNotExist),
  await refused(answer(token), TaskTimedOut),
  await refused(broken, InvalidDefinition),
];
console.log(JSON.stringify({ handed, executions, listed, errors }));
process.exit(0);
