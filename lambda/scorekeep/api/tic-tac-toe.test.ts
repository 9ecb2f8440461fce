import { EMPTY_BOARD, play, turnOf } from './tic-tac-toe';

/** Plays cells in turn. */
function game(...cells: number[]) {
  return cells.reduce((outcome, cell) => play(outcome.board, cell), { board: EMPTY_BOARD, isOver: false } as ReturnType<typeof play>);
}

it('begins with X and goes on in turns', () => {
  expect(turnOf(EMPTY_BOARD)).toBe(0);
  expect(game(5)).toEqual({ board: '....X....', isOver: false });
  expect(game(5, 1)).toEqual({ board: 'O...X....', isOver: false });
  expect(turnOf('O...X....')).toBe(0);
});

it.each([
  ['a row', [1, 4, 2, 5, 3], 'X'],
  ['a column', [1, 2, 3, 5, 4, 8], 'O'],
  ['a diagonal', [1, 2, 5, 3, 9], 'X'],
  ['the other diagonal', [1, 3, 2, 5, 4, 7], 'O'],
])('is won by %s', (_, cells, winner) => {
  expect(game(...cells)).toMatchObject({ isOver: true, winner });
});

it('ends without a winner when the board is full', () => {
  expect(game(1, 2, 3, 5, 4, 6, 8, 7, 9)).toEqual({ board: 'XOXXOOOXX', isOver: true });
});

it('is won by the last cell too', () => {
  expect(game(1, 2, 3, 4, 5, 6, 8, 7, 9)).toMatchObject({ isOver: true, winner: 'X' });
});

it('refuses a cell that is not free', () => {
  expect(() => game(5, 5)).toThrow('cell 5 is not free');
});
