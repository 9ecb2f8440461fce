export type Mark = 'X' | 'O';

export const EMPTY_BOARD = '.........';

const LINES = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];

/** What a move made of a board. */
export interface Outcome {
  readonly board: string;
  /** Whether the game is over; without a winner it is a draw. */
  readonly isOver: boolean;
  readonly winner?: Mark;
}

/** Whose turn it is, 0 for X: X begins. */
export function turnOf(board: string): 0 | 1 {
  return [...board].filter(cell => cell !== '.').length % 2 as 0 | 1;
}

/**
 * Sets the mark whose turn it is.
 *
 * @param cell 1 to 9, from the upper left by rows
 * @throws RangeError when the cell is not free
 */
export function play(board: string, cell: number): Outcome {
  const index = cell - 1;
  if (board[index] !== '.') throw new RangeError(`cell ${cell} is not free`);
  const mark: Mark = turnOf(board) === 0 ? 'X' : 'O';
  const next = board.slice(0, index) + mark + board.slice(index + 1);
  const hasWon = LINES.some(line => line.every(i => next[i] === mark));
  return { board: next, isOver: hasWon || !next.includes('.'), ...hasWon ? { winner: mark } : {} };
}
