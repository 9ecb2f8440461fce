import { createHash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unmarshall, marshall } from '@aws-sdk/util-dynamodb';

type Item = Record<string, any>;

/** For the tests: an endpoint of DynamoDB, Lambda and SQS that does what the API asks of them, in memory. */
export class FakeAws {
  public static async start(): Promise<FakeAws> {
    const aws = new FakeAws();
    await new Promise<void>(resolve => aws.server.listen(0, '127.0.0.1', resolve));
    return aws;
  }

  /** Items by table and id. */
  public readonly items: Record<string, Record<string, Item>> = {};
  /** Bodies of the messages that were sent. */
  public readonly messages: string[] = [];
  /** Ids of users for whom a name was asked. */
  public readonly named: string[] = [];
  /** Statuses with which an operation is answered, the next first. */
  public readonly refusals: Record<string, number[]> = {};
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk)).on('end', () => {
        const operation = String(request.headers['x-amz-target'] ?? 'Invoke').replace(/^.*\./, '');
        const refusal = this.refusals[operation]?.shift();
        if (refusal) response.writeHead(refusal).end('{}');
        else this.answer(operation, JSON.parse(Buffer.concat(chunks).toString()), response);
      });
    });
  }

  /** Called before a transaction is carried out. */
  public beforeTransaction: () => void = () => undefined;

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public async stop(): Promise<void> {
    await new Promise(resolve => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }

  public clear(): void {
    for (const table of Object.keys(this.items)) delete this.items[table];
    for (const operation of Object.keys(this.refusals)) delete this.refusals[operation];
    this.messages.length = this.named.length = 0;
    this.beforeTransaction = () => undefined;
  }

  private answer(operation: string, input: any, response: ServerResponse): void {
    switch (operation) {
      case 'GetItem': {
        const found = this.items[input.TableName]?.[unmarshall(input.Key).id];
        return void response.end(JSON.stringify(found ? { Item: marshall(found) } : {}));
      }
      case 'TransactWriteItems':
        return this.transact(input.TransactItems, response);
      case 'SendMessage':
        this.messages.push(input.MessageBody);
        return void response.end(JSON.stringify({ MessageId: 'm-1', MD5OfMessageBody: createHash('md5').update(input.MessageBody).digest('hex') }));
      default:
        this.named.push(input.userid);
        return void response.end(JSON.stringify({ name: 'Random' }));
    }
  }

  private transact(changes: any[], response: ServerResponse): void {
    this.beforeTransaction();
    const conditions = changes.map(change => change.Put ? !this.itemOf(change.Put, 'Item') : holds(change.Update, this.itemOf(change.Update, 'Key')));
    if (conditions.includes(false)) {
      const reasons = conditions.map(holdsTrue => ({ Code: holdsTrue ? 'None' : 'ConditionalCheckFailed' }));
      response.writeHead(400).end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException', CancellationReasons: reasons }));
      return;
    }
    for (const { Put: put, Update: update } of changes) {
      if (put) (this.items[put.TableName] ??= {})[unmarshall(put.Item).id] = unmarshall(put.Item);
      else apply(update, this.itemOf(update, 'Key')!);
    }
    response.end('{}');
  }

  private itemOf(change: any, key: 'Item' | 'Key'): Item | undefined {
    return this.items[change.TableName]?.[unmarshall(change[key]).id];
  }
}

/** Knows `attribute_exists(id)` and `size(#list) < :number` or `=`. */
function holds({ ConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values }: any, item?: Item): boolean {
  const [exists, size] = condition.split(' AND ');
  if (exists !== 'attribute_exists(id)') throw new Error(`unknown condition: ${condition}`);
  if (!item || !size) return item !== undefined;
  const [, list, operator, number] = /^size\((#\w+)\) ([<=]) (:\w+)$/.exec(size)!;
  const [length, limit] = [item[names[list]].length, unmarshall(values)[number]];
  return operator === '<' ? length < limit : length === limit;
}

/** Knows `#a = :a` and `#a = list_append(#a, :a)`. */
function apply({ UpdateExpression: update, ExpressionAttributeNames: names, ExpressionAttributeValues: values }: any, item: Item): void {
  for (const [, name, list, value] of update.matchAll(/(#\w+) = (?:list_append\((#\w+), )?(:\w+)/g)) {
    const given = unmarshall(values)[value];
    item[names[name]] = list ? [...item[names[list]], ...given] : given;
  }
}
