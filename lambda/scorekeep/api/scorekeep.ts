import type { ApiRequest } from './api-request';
import { HttpError } from './http-error';
import type { Game, Session, State } from './model';
import type { Table, Tables } from './tables';
import { EMPTY_BOARD, play, turnOf } from './tic-tac-toe';

const PLAYERS = 2;

/** Something that was there already, or was created. */
export interface Answer {
  readonly status: 200 | 201;
  readonly body: object;
}

export interface ScorekeepServices {
  readonly tables: Tables;
  /** A name for a user who gave none. */
  readonly randomName: (userId: string) => Promise<string>;
  /** Tells whoever waits for finished games. */
  readonly announce: (finished: { session: string; game: string }) => Promise<void>;
  readonly now: () => Date;
}

/** What the API does. Each operation changes everything that it changes at once, so a request that fails can be sent again. */
export class Scorekeep {
  constructor(private readonly services: ScorekeepServices) {}

  public async createUser(request: ApiRequest): Promise<Answer> {
    const id = request.newId('user');
    const name = request.name('name');
    return this.create('users', id, async () => {
      const user = { id, name: name ?? await this.services.randomName(id) };
      return [user, await this.services.tables.change(this.services.tables.create('users', user))];
    });
  }

  /** A session and the user who begins it. */
  public async createSession(request: ApiRequest): Promise<Answer> {
    const { tables, randomName } = this.services;
    const id = request.newId('session');
    const owner = request.newId('user');
    const name = request.name('name') ?? 'session';
    const userName = request.name('userName');
    return this.create('sessions', id, async () => {
      const session: Session = { id, name, owner, users: [owner], games: [] };
      const user = { id: owner, name: userName ?? await randomName(owner) };
      return [session, await tables.change(tables.create('users', user), tables.create('sessions', session))];
    });
  }

  /** A further user of a session. */
  public async joinSession(request: ApiRequest): Promise<Answer> {
    const { tables, randomName } = this.services;
    const session = await this.find('sessions', request.path('sessionId'));
    const id = request.newId('user');
    const name = request.name('name');
    return this.create('users', id, async () => {
      if (session.users.length >= PLAYERS) throw new HttpError(409, `the session has ${PLAYERS} users already`);
      const user = { id, name: name ?? await randomName(id) };
      const isFree = { text: 'size(#users) < :players', values: { ':players': PLAYERS } };
      return [user, await tables.change(tables.create('users', user), tables.append('sessions', session.id, { users: id }, {}, isFree))];
    });
  }

  public async createGame(request: ApiRequest): Promise<Answer> {
    const { tables, now } = this.services;
    const session = await this.find('sessions', request.path('sessionId'));
    if (session.users.length < PLAYERS) throw new HttpError(409, `the session needs ${PLAYERS} users for a game, it has ${session.users.length}`);
    const id = request.newId('game');
    return this.create('games', id, async () => {
      const state: State = { id: request.newId('state'), session: session.id, game: id, board: EMPTY_BOARD, turn: session.users[0] };
      const game: Game = {
        id, session: session.id, rules: 'tic-tac-toe', users: session.users, moves: [], states: [state.id], startTime: now().toISOString(),
      };
      return [game, await tables.change(tables.create('games', game), tables.create('states', state), tables.append('sessions', session.id, { games: id }))];
    });
  }

  public async makeMove(request: ApiRequest): Promise<Answer> {
    const { tables, announce, now } = this.services;
    const [user, cell] = [request.text('user'), request.integer('cell', 1, 9)];
    const game = await this.findGame(request);
    const id = request.newId('move');
    return this.create('moves', id, async () => {
      if (game.endTime) throw new HttpError(409, 'the game is over');
      const { board } = await this.find('states', game.states[game.states.length - 1]);
      if (game.users[turnOf(board)] !== user) throw new HttpError(409, `it is not the turn of user '${user}'`);
      if (board[cell - 1] !== '.') throw new HttpError(409, `cell ${cell} is not free`);
      const { board: next, isOver, winner } = play(board, cell);
      const here = { session: game.session, game: game.id };
      const move = { id, ...here, user, cell };
      const state: State = { id: request.newId('state'), ...here, board: next, turn: isOver ? undefined : game.users[turnOf(next)] };
      // Before the end is written: if either fails, the player's next try does both. Whoever waits must look whether the game is over.
      if (isOver) await announce(here);
      const end = isOver ? { endTime: now().toISOString(), winner: winner && game.users[winner === 'X' ? 0 : 1] } : {};
      const isUnchanged = { text: 'size(#moves) = :before', values: { ':before': game.moves.length } };
      return [move, await tables.change(
        tables.create('moves', move), tables.create('states', state), tables.append('games', game.id, { moves: id, states: state.id }, end, isUnchanged),
      )];
    });
  }

  public async getUser(request: ApiRequest): Promise<Answer> {
    return { status: 200, body: await this.find('users', request.path('userId')) };
  }

  public async getSession(request: ApiRequest): Promise<Answer> {
    return { status: 200, body: await this.find('sessions', request.path('sessionId')) };
  }

  public async getGame(request: ApiRequest): Promise<Answer> {
    return { status: 200, body: await this.findGame(request) };
  }

  public async getMove(request: ApiRequest): Promise<Answer> {
    return this.getOfGame(request, 'moves', 'moveId');
  }

  public async getState(request: ApiRequest): Promise<Answer> {
    return this.getOfGame(request, 'states', 'stateId');
  }

  /**
   * Creates an item unless it is there: then the same request has come before.
   *
   * @param attempt gives the item, and whether it could be written
   */
  private async create(table: Table, id: string, attempt: () => Promise<[object, boolean]>): Promise<Answer> {
    const { tables } = this.services;
    const before = await tables.get(table, id);
    if (before) return { status: 200, body: before };
    const [item, isWritten] = await attempt();
    if (isWritten) return { status: 201, body: item };
    const meanwhile = await tables.get(table, id);
    if (meanwhile) return { status: 200, body: meanwhile };
    throw new HttpError(409, 'another request has changed the same at the same time; look at it and try again');
  }

  private async find<T extends Table>(table: T, id: string) {
    const item = await this.services.tables.get(table, id);
    if (!item) throw new HttpError(404, `there is no ${table.slice(0, -1)} '${id}'`);
    return item;
  }

  private async findGame(request: ApiRequest): Promise<Game> {
    const game = await this.find('games', request.path('gameId'));
    if (game.session !== request.path('sessionId')) throw new HttpError(404, `there is no game '${game.id}' in session '${request.path('sessionId')}'`);
    return game;
  }

  private async getOfGame(request: ApiRequest, table: 'moves' | 'states', parameter: string): Promise<Answer> {
    const item = await this.find(table, request.path(parameter));
    if (item.game !== request.path('gameId') || item.session !== request.path('sessionId')) {
      throw new HttpError(404, `there is no ${table.slice(0, -1)} '${item.id}' in game '${request.path('gameId')}'`);
    }
    return { status: 200, body: item };
  }
}
