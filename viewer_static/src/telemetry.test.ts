import { describe, expect, it } from 'vitest';
import { bucketOf, kindOf, Telemetry } from './telemetry.ts';
import { FakeClock } from './testing.ts';

describe('telemetry', () => {
  it('adds up, and sends what it has in one batch', () => {
    const sent: unknown[] = [];
    const clock = new FakeClock();
    const seen = new Telemetry(clock, (_, body) => {
      sent.push(JSON.parse(body));
      return true;
    });
    seen.count('overrun');
    seen.count('overrun');
    seen.time('first-image', 150, '1.2.840.10008.1.2.1');
    seen.flush();
    seen.flush();
    expect(sent).toEqual([
      {
        seen: [
          { name: 'overrun', syntax: '', bucket: -1, count: 2 },
          { name: 'first-image', syntax: '1.2.840.10008.1.2.1', bucket: 2, count: 1 },
        ],
      },
    ]);
  });

  it('keeps what could not be sent', () => {
    let line = false;
    const bodies: string[] = [];
    const seen = new Telemetry(new FakeClock(), (_, body) => {
      bodies.push(body);
      return line;
    });
    seen.count('network');
    seen.flush();
    line = true;
    seen.flush();
    expect(bodies[0]).toBe(bodies[1]);
  });

  it('says how the link does beside what was seen, and nothing of a page at rest', () => {
    const bodies: string[] = [];
    const seen = new Telemetry(new FakeClock(), (_, body) => bodies.push(body) > 0);
    seen.sample = () => ({ answer: 60, lookup: null, goodput: 40_000 });
    seen.flush();
    expect(bodies).toEqual([]);
    seen.count('image');
    seen.flush();
    expect(JSON.parse(bodies[0] ?? '').seen).toEqual([
      { name: 'image', syntax: '', bucket: -1, count: 1 },
      { name: 'answer', syntax: '', bucket: 1, count: 1 },
      { name: 'goodput', syntax: '', bucket: 9, count: 1 },
    ]);
  });

  it('puts a time where it belongs, the longest too', () => {
    expect([0, 50, 51, 30_000, 30_001].map(bucketOf)).toEqual([0, 0, 1, 8, 9]);
  });

  it('names no object in its traces', () => {
    const id = '9eb9a13c-db8cc55a-753e4c32-e1a03bd0-64ce5b2d';
    expect(kindOf(`api/pacs/instances/${id}/display`)).toBe('api/pacs/instances/*/display');
    expect(kindOf('api/pacs/studies?patient_name=Doe')).toBe('api/pacs/studies');
  });
});
