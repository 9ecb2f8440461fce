/** What the tables hold. Items name one another by id, so that none of them grows with what it refers to. */
export interface User {
  readonly id: string;
  readonly name: string;
}

export interface Session {
  readonly id: string;
  readonly name: string;
  /** Id of the user who began it. */
  readonly owner: string;
  /** Ids of users, in the order in which they joined. */
  readonly users: string[];
  /** Ids of games, the oldest first. */
  readonly games: string[];
}

export interface Game {
  readonly id: string;
  readonly session: string;
  readonly rules: 'tic-tac-toe';
  /** Ids of users: the first plays X and begins, the second plays O. */
  readonly users: string[];
  /** Ids of moves and states, in order; there is one state more than there are moves. */
  readonly moves: string[];
  readonly states: string[];
  /** ISO 8601 in UTC. */
  readonly startTime: string;
  readonly endTime?: string;
  /** Id of a user; absent before the end, and after a draw. */
  readonly winner?: string;
}

export interface Move {
  readonly id: string;
  readonly session: string;
  readonly game: string;
  readonly user: string;
  /** 1 to 9, from the upper left by rows. */
  readonly cell: number;
}

export interface State {
  readonly id: string;
  readonly session: string;
  readonly game: string;
  /** Nine characters, from the upper left by rows: `X`, `O`, or `.` for an empty cell. */
  readonly board: string;
  /** Id of the user whose turn it is; absent at the end. */
  readonly turn?: string;
}
