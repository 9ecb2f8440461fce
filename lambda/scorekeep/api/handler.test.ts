import type { APIGatewayProxyEvent } from 'aws-lambda';
import { FakeAws } from './fake-aws';
import type { Game, Session, State } from './model';

let aws: FakeAws;
let handler: typeof import('./handler').handler;

beforeAll(async () => {
  aws = await FakeAws.start();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_MAX_ATTEMPTS: '1',
    USER_TABLE: 'users', SESSION_TABLE: 'sessions', GAME_TABLE: 'games', MOVE_TABLE: 'moves', STATE_TABLE: 'states',
    RANDOM_NAME_FUNCTION: 'random-name', FINISHED_GAMES_QUEUE: `${aws.url}/000000000000/queue`,
  });
  // It reads its environment when it is loaded, as it does on Lambda.
  ({ handler } = jest.requireActual<typeof import('./handler')>('./handler'));
});
afterAll(() => aws.stop());
beforeEach(() => aws.clear());

/** Sends a request: `POST /sessions/{sessionId}/games`, the values of the path in order, a body. */
async function send(operation: string, path: string[] = [], body?: unknown, key?: string): Promise<{ status: number; body: any }> {
  const [httpMethod, resource] = operation.split(' ');
  const names = [...resource.matchAll(/{(\w+)}/g)].map(([, name]) => name);
  const { statusCode, body: text } = await handler({
    httpMethod,
    resource,
    pathParameters: Object.fromEntries(names.map((name, i) => [name, path[i]])),
    headers: key === undefined ? {} : { 'idempotency-key': key },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  } as unknown as APIGatewayProxyEvent);
  return { status: statusCode, body: JSON.parse(text) };
}

const GAME = '/sessions/{sessionId}/games/{gameId}';

/** A session with two users, and a game. */
async function newGame(): Promise<{ session: Session; game: Game }> {
  const { body: { id } } = await send('POST /sessions', [], { name: 's', userName: 'Ada' });
  await send('POST /sessions/{sessionId}/users', [id], { name: 'Grace' });
  const { body: game } = await send('POST /sessions/{sessionId}/games', [id]);
  return { session: (await send('GET /sessions/{sessionId}', [id])).body, game };
}

/** Plays cells in turn; gives the last answer. */
async function playCells(game: Game, ...cells: number[]) {
  let last: any;
  for (const [i, cell] of cells.entries()) last = await send(`POST ${GAME}/moves`, [game.session, game.id], { user: game.users[i % 2], cell });
  return last;
}

describe('a session', () => {
  it('has its owner, with the given name', async () => {
    const { status, body: session } = await send('POST /sessions', [], { name: 'evening', userName: 'Ada' });
    expect(status).toBe(201);
    expect(session).toEqual({ id: expect.any(String), name: 'evening', owner: expect.any(String), users: [session.owner], games: [] });
    expect(aws.items.users).toEqual({ [session.owner]: { id: session.owner, name: 'Ada' } });
    expect(aws.named).toEqual([]);
  });

  it('without a user name has one with a random name', async () => {
    const { body: session } = await send('POST /sessions');
    expect(aws.named).toEqual([session.owner]);
    expect((await send('GET /users/{userId}', [session.owner])).body).toEqual({ id: session.owner, name: 'Random' });
  });

  it('takes a second user and no third', async () => {
    const { session } = await newGame();
    expect(session.users).toHaveLength(2);
    expect(await send('POST /sessions/{sessionId}/users', [session.id], { name: 'third' }))
      .toMatchObject({ status: 409, body: { code: 'conflict', message: 'the session has 2 users already' } });
  });

  it('does not get a third user who comes at the same time as the second', async () => {
    const { body: { id } } = await send('POST /sessions');
    aws.beforeTransaction = () => {
      const session = aws.items.sessions[id];
      if (session.users.length < 2) session.users.push('faster');
    };
    expect((await send('POST /sessions/{sessionId}/users', [id])).status).toBe(409);
    expect(aws.items.sessions[id].users).toHaveLength(2);
    expect(Object.keys(aws.items.users)).toHaveLength(1);
  });
});

describe('a game', () => {
  it('begins with an empty board and the turn of the first user', async () => {
    const { session, game } = await newGame();
    expect(game).toMatchObject({ session: session.id, rules: 'tic-tac-toe', users: session.users, moves: [], states: [expect.any(String)] });
    expect(session.games).toEqual([game.id]);
    const { body: state } = await send(`GET ${GAME}/states/{stateId}`, [session.id, game.id, game.states[0]]);
    expect(state).toEqual({ id: game.states[0], session: session.id, game: game.id, board: '.........', turn: game.users[0] });
  });

  it('needs two users', async () => {
    const { body: { id } } = await send('POST /sessions');
    expect(await send('POST /sessions/{sessionId}/games', [id])).toMatchObject({ status: 409, body: { code: 'conflict', message: 'the session needs 2 users for a game, it has 1' } });
  });

  it('refers to its moves and states by id', async () => {
    const { game } = await newGame();
    const { status, body: move } = await playCells(game, 5);
    expect([status, move]).toEqual([201, { id: expect.any(String), session: game.session, game: game.id, user: game.users[0], cell: 5 }]);
    const { body: after } = await send(`GET ${GAME}`, [game.session, game.id]);
    expect(after).toMatchObject({ moves: [move.id], states: [game.states[0], expect.any(String)] });
    const { body: state } = await send(`GET ${GAME}/states/{stateId}`, [game.session, game.id, after.states[1]]);
    expect(state).toMatchObject({ board: '....X....', turn: game.users[1] } satisfies Partial<State>);
    expect((await send(`GET ${GAME}/moves/{moveId}`, [game.session, game.id, move.id])).body).toEqual(move);
    expect(aws.messages).toEqual([]);
  });

  it('is put on the queue when it is won', async () => {
    const { game } = await newGame();
    await playCells(game, 1, 4, 2, 5, 3);
    expect((await send(`GET ${GAME}`, [game.session, game.id])).body).toMatchObject({ winner: game.users[0], endTime: expect.stringMatching(/Z$/) });
    expect(aws.messages.map(message => JSON.parse(message))).toEqual([{ session: game.session, game: game.id }]);
  });

  it('is put on the queue when it ends in a draw', async () => {
    const { game } = await newGame();
    await playCells(game, 1, 2, 3, 5, 4, 6, 8, 7, 9);
    const { body: after } = await send(`GET ${GAME}`, [game.session, game.id]);
    expect(after.endTime).toBeDefined();
    expect(after).not.toHaveProperty('winner');
    expect(aws.messages).toHaveLength(1);
  });

  it.each([
    ['a cell that is not free', { cell: 5, by: 1 }, 'cell 5 is not free'],
    ["the other user's turn", { cell: 1, by: 0 }, 'it is not the turn of user'],
  ])('refuses %s', async (_, { cell, by }, message) => {
    const { game } = await newGame();
    await playCells(game, 5);
    const answer = await send(`POST ${GAME}/moves`, [game.session, game.id], { user: game.users[by], cell });
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', message: expect.stringContaining(message) } });
  });

  it('takes no move when it is over', async () => {
    const { game } = await newGame();
    await playCells(game, 1, 4, 2, 5, 3);
    expect(await send(`POST ${GAME}/moves`, [game.session, game.id], { user: game.users[1], cell: 9 }))
      .toMatchObject({ status: 409, body: { code: 'conflict', message: 'the game is over' } });
  });

  it('takes one of two moves that come at the same time', async () => {
    const { game } = await newGame();
    aws.beforeTransaction = () => { aws.items.games[game.id].moves.push('faster'); };
    expect((await playCells(game, 5)).status).toBe(409);
    expect(aws.items.moves).toBeUndefined();
  });
});

describe('a request that comes twice', () => {
  it.each<[string, (game: Game) => [string, string[], object]]>([
    ['user', () => ['POST /users', [], { name: 'Ada' }]],
    ['session', () => ['POST /sessions', [], {}]],
    ['game', game => ['POST /sessions/{sessionId}/games', [game.session], {}]],
    ['move', game => [`POST ${GAME}/moves`, [game.session, game.id], { user: game.users[0], cell: 5 }]],
  ])('creates one %s', async (_, request) => {
    const { game } = await newGame();
    const [operation, path, body] = request(game);
    const first = await send(operation, path, body, 'key-1');
    const before = JSON.stringify(aws.items);
    const second = await send(operation, path, body, 'key-1');
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
    expect(JSON.stringify(aws.items)).toBe(before);
    expect((await send('POST /users', [], { name: 'Ada' }, 'key-2')).status).toBe(201);
  });

  it('announces the end of a game again only when the first try did not write it', async () => {
    const { game } = await newGame();
    await playCells(game, 1, 4, 2, 5);
    const last = () => send(`POST ${GAME}/moves`, [game.session, game.id], { user: game.users[0], cell: 3 }, 'last');
    aws.refusals.TransactWriteItems = [500];
    await expect(last()).rejects.toThrow();
    expect(aws.items.games[game.id].endTime).toBeUndefined();
    expect((await last()).status).toBe(201);
    expect((await last()).status).toBe(200);
    expect(aws.messages).toHaveLength(2);
  });
});

describe('when a service is gone', () => {
  it.each([
    ['random-name', 'Invoke', () => send('POST /sessions')],
    ['the tables', 'TransactWriteItems', () => send('POST /sessions', [], { userName: 'Ada' })],
  ])('fails and writes nothing: %s', async (_, operation, request) => {
    aws.refusals[operation] = [500];
    await expect(request()).rejects.toThrow();
    expect(aws.items).toEqual({});
  });

  it('does not end a game that it cannot announce', async () => {
    const { game } = await newGame();
    await playCells(game, 1, 4, 2, 5);
    aws.refusals.SendMessage = [500];
    await expect(playCells({ ...game }, 3)).rejects.toThrow();
    expect(aws.items.games[game.id]).toMatchObject({ moves: { length: 4 } });
    expect(aws.items.games[game.id].endTime).toBeUndefined();
  });
});

describe('a malformed request', () => {
  it.each<[string, string[], unknown, number, string]>([
    ['POST /users', [], 'no JSON', 400, 'the body is not JSON'],
    ['POST /users', [], '[1]', 400, 'the body has to be a JSON object'],
    ['POST /users', [], { name: 7 }, 400, "'name' has to be text of 1 to 100 characters"],
    ['POST /users', [], { name: ' ' }, 400, "'name' has to be text of 1 to 100 characters"],
    ['POST /users', [], { name: 'x'.repeat(101) }, 400, "'name' has to be text of 1 to 100 characters"],
    ['POST /sessions', [], { userName: '' }, 400, "'userName' has to be text of 1 to 100 characters"],
    [`POST ${GAME}/moves`, ['s', 'g'], { cell: 1 }, 400, "'user' has to be text"],
    [`POST ${GAME}/moves`, ['s', 'g'], { user: 'u', cell: 0 }, 400, "'cell' has to be a whole number from 1 to 9"],
    [`POST ${GAME}/moves`, ['s', 'g'], { user: 'u', cell: '1' }, 400, "'cell' has to be a whole number from 1 to 9"],
    ['GET /users/{userId}', ['nobody'], undefined, 404, "there is no user 'nobody'"],
    ['GET /sessions/{sessionId}', ['none'], undefined, 404, "there is no session 'none'"],
    [`GET ${GAME}`, ['s', 'none'], undefined, 404, "there is no game 'none'"],
    ['DELETE /users/{userId}', ['u'], undefined, 404, "there is no operation 'DELETE /users/{userId}'"],
  ])('%s %j %j', async (operation, path, body, status, message) => {
    expect(await send(operation, path, body)).toEqual({ status, body: { code: status === 404 ? 'not-found' : 'bad-request', message } });
    expect(aws.items).toEqual({});
  });

  it('that looks for a game in another session', async () => {
    const { game } = await newGame();
    expect((await send(`GET ${GAME}`, ['other', game.id])).status).toBe(404);
    expect((await send(`GET ${GAME}/states/{stateId}`, [game.session, 'other', game.states[0]])).status).toBe(404);
  });

  it('with a key that is none', async () => {
    expect(await send('POST /users', [], {}, ' ')).toMatchObject({ status: 400, body: { message: expect.stringContaining('Idempotency-Key') } });
  });
});
