import { describe, expect, it } from 'vitest';
import { COLUMNS, chosen } from './columns.ts';

describe('the columns of the list', () => {
  const all = COLUMNS.map(({ key }) => key);

  it('are all but the source until somebody chose', () => {
    expect([...chosen(null)]).toEqual(all.filter((key) => key !== 'source'));
  });

  it('are all when nothing is hidden', () => {
    expect([...chosen('')]).toEqual(all);
  });

  it('never lack the patient and the date, whatever the browser remembers', () => {
    const kept = chosen(`${all.join(',')},nonsense`);
    expect([...kept]).toEqual(['patient', 'when']);
  });
});
