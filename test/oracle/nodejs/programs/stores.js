// Databases without SQL, and the one that Node.js has built in.
import Redis from 'ioredis';
import { MongoClient } from 'mongodb';
import { dispatch } from './dispatch.js';

const told = error => [error.name, error.code, error.message, error instanceof Error];
async function withMongo(use, options = {}) {
  const client = new MongoClient(process.env.MONGODB, { serverSelectionTimeoutMS: 2_000, ...options });
  try {
    return await use(client.db('shop').collection('items'), client);
  } finally {
    await client.close();
  }
}
async function withRedis(use, options = {}) {
  const redis = new Redis({ port: Number(process.env.REDIS_PORT), host: '127.0.0.1', ...options });
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

export const handler = dispatch({
  mongodbInsert: () => withMongo(items => items.insertOne({ _id: 'a', value: 'secret-value' })),
  mongodbFind: () => withMongo(items => items.find({ value: 'secret-value' }).toArray()),
  mongodbAtOnce: () => withMongo(items => Promise.all([items.findOne({ n: 7 }), items.updateOne({ _id: 'a' }, { $set: { n: 8 } }), items.deleteMany({})])),
  mongodbFails: () => withMongo(items => items.findOne({ _id: 'wrong-secret' }).catch(told)),
  mongodbThrows: () => withMongo(items => items.insertOne({ _id: 'wrong-secret' })),
  mongodbStack: () => withMongo(async function readsItems(items) {
    try {
      await items.findOne({ _id: 'wrong-secret' });
      return 'found';
    } catch (error) {
      return /readsItems/.test(error.stack);
    }
  }),
  mongodbAggregate: () => withMongo(async items => {
    const found = [];
    for await (const item of items.aggregate([{ $match: { n: 7 } }])) found.push(item);
    return found;
  }),
  mongodbMonitored: () => withMongo(async (items, client) => {
    const seen = [];
    client.on('commandStarted', ({ commandName }) => seen.push(commandName));
    await items.findOne({});
    return seen.filter(name => name !== 'endSessions');
  }, { monitorCommands: true }),
  mongodbNobody: () => {
    const client = new MongoClient('mongodb://planted-user:planted-password@127.0.0.1:1/shop', { serverSelectionTimeoutMS: 50 });
    return client.db('shop').command({ ping: 1 }).catch(error => error.name).finally(() => client.close());
  },

  redisGet: () => withRedis(async redis => [await redis.set('key', 'secret-value'), await redis.get('key'), await redis.get('none')]),
  redisCallback: () => withRedis(redis => new Promise(resolve => redis.get('none', (error, value) => resolve([error, value])))),
  redisAtOnce: () => withRedis(redis => Promise.all(['a', 'b', 'c'].map(async key => redis.set(key, key)))),
  redisFails: () => withRedis(redis => redis.call('NONSENSE', 'secret-value').catch(told)),
  redisThrows: () => withRedis(redis => redis.call('NONSENSE', 'secret-value')),
  redisPipeline: () => withRedis(async redis => (await redis.pipeline().set('a', '1').get('a').call('NONSENSE').exec()).map(([error, value]) => [error?.message, value])),
  redisTransaction: () => withRedis(async redis => redis.multi().set('a', '1').get('a').exec()),
  redisBuffers: () => withRedis(async redis => { await redis.set('a', Buffer.from([0x41, 0x42])); return (await redis.getBuffer('a')).length; }),
  redisLazy: () => withRedis(async redis => [redis.status, await redis.get('a'), redis.status], { lazyConnect: true }),
  redisEnded: () => withRedis(async redis => { await redis.quit(); return redis.get('a').catch(told); }),
  redisUnhandled: () => withRedis(async redis => {
    const seen = new Promise(resolve => process.once('unhandledRejection', resolve));
    void redis.call('NONSENSE');
    return told(await seen);
  }),
  redisNobody: () => {
    const redis = new Redis({ port: 1, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    redis.on('error', () => {});
    return redis.get('a').catch(error => error.message);
  },

  sqlite: async () => {
    const { DatabaseSync } = await import('node:sqlite').catch(() => ({}));
    if (!DatabaseSync) return 'this Node.js has none';
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE items (id TEXT PRIMARY KEY)');
    const insert = database.prepare('INSERT INTO items VALUES (?)');
    insert.run('a');
    try {
      insert.run('a');
    } catch (error) {
      return [told(error), database.prepare('SELECT * FROM items').all()];
    }
    return undefined;
  },
  sqliteThrows: async () => {
    const { DatabaseSync } = await import('node:sqlite').catch(() => ({}));
    if (!DatabaseSync) throw new Error('this Node.js has none');
    new DatabaseSync(':memory:').exec('SELECT "secret-value" FROM nowhere');
  },
});
