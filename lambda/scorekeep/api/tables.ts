import { TransactionCanceledException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Game, Move, Session, State, User } from './model';

interface Items {
  readonly users: User;
  readonly sessions: Session;
  readonly games: Game;
  readonly moves: Move;
  readonly states: State;
}
export type Table = keyof Items;
export type Change = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** The five tables; each item's key is its id. */
export class Tables {
  private readonly client: DynamoDBDocumentClient;

  /** @param names names of the tables in DynamoDB */
  constructor(client: DynamoDBClient, private readonly names: Readonly<Record<Table, string>>) {
    this.client = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  }

  /** An item as it is now; undefined where there is none. */
  public async get<T extends Table>(table: T, id: string): Promise<Items[T] | undefined> {
    const { Item: item } = await this.client.send(new GetCommand({ TableName: this.names[table], Key: { id }, ConsistentRead: true }));
    return item as Items[T] | undefined;
  }

  /** Writes an item that must not be there yet. */
  public create<T extends Table>(table: T, item: Items[T]): Change {
    return { Put: { TableName: this.names[table], Item: item, ConditionExpression: 'attribute_not_exists(id)' } };
  }

  /**
   * Adds to the lists of an item, and sets values.
   *
   * @param condition has to hold for the item, with `:values`; it has to be there in any case
   */
  public append<T extends Table>(
    table: T, id: string, lists: Partial<Record<keyof Items[T], string>>, set: Partial<Items[T]> = {}, condition?: { text: string; values: object },
  ): Change {
    const added = Object.entries(lists), values = Object.entries(set).filter(([, value]) => value !== undefined);
    return {
      Update: {
        TableName: this.names[table],
        Key: { id },
        UpdateExpression: `SET ${[...added.map(([name]) => `#${name} = list_append(#${name}, :${name})`), ...values.map(([name]) => `#${name} = :${name}`)].join(', ')}`,
        ConditionExpression: ['attribute_exists(id)', condition?.text].filter(Boolean).join(' AND '),
        ExpressionAttributeNames: Object.fromEntries([...added, ...values].map(([name]) => [`#${name}`, name])),
        ExpressionAttributeValues: {
          ...Object.fromEntries(added.map(([name, value]) => [`:${name}`, [value]])), ...Object.fromEntries(values.map(([name, value]) => [`:${name}`, value])),
          ...condition?.values,
        },
      },
    };
  }

  /** Makes all changes or none. Gives whether it made them: not where a condition did not hold, or another request was changing the same items. */
  public async change(...changes: Change[]): Promise<boolean> {
    try {
      await this.client.send(new TransactWriteCommand({ TransactItems: changes }));
      return true;
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? error.CancellationReasons ?? [] : [];
      if (reasons.some(({ Code: code }) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict')) return false;
      throw error;
    }
  }
}
