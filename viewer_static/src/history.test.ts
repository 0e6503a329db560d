import { expect, it } from 'vitest';
import { History } from './history.ts';

function bench() {
  const desk = { state: { value: 0 } };
  const history = new History(
    () => desk.state,
    (state) => {
      desk.state = state;
    },
  );
  const become = (value: number) => {
    desk.state = { value };
    history.settle();
  };
  return { desk, history, become };
}

it('goes back over every state that was left, and forth again', () => {
  const { desk, history, become } = bench();
  for (const value of [1, 2, 3]) become(value);
  history.undo();
  history.undo();
  expect(desk.state.value).toBe(1);
  history.redo();
  expect(desk.state.value).toBe(2);
});

it('counts no step where nothing changed, and stops at the ends', () => {
  const { desk, history, become } = bench();
  become(1);
  become(1);
  history.undo();
  history.undo();
  expect(desk.state.value).toBe(0);
  for (let n = 0; n < 3; n++) history.redo();
  expect(desk.state.value).toBe(1);
});

it('forgets what was undone once something else is done', () => {
  const { desk, history, become } = bench();
  become(1);
  history.undo();
  become(5);
  history.redo();
  expect(desk.state.value).toBe(5);
});

it('takes what changed by itself for no step', () => {
  const { desk, history } = bench();
  desk.state = { value: 7 };
  history.accept();
  history.undo();
  expect(desk.state.value).toBe(7);
});
