/** One load per key, shared by all who want it; it ends when the last of them gives up. */
import { ViewerError } from './errors.ts';

interface Flight<T> {
  readonly promise: Promise<T>;
  readonly giveUp: AbortController;
  users: number;
}

export class InFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  constructor(private readonly start: (key: string, signal: AbortSignal) => Promise<T>) {}

  get(key: string, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(new ViewerError('cancelled'));
    const flight = this.flights.get(key) ?? this.depart(key);
    flight.users += 1;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        this.left(key, flight);
        reject(new ViewerError('cancelled'));
      };
      signal.addEventListener('abort', leave, { once: true });
      const stay = () => signal.removeEventListener('abort', leave);
      flight.promise.then(resolve, reject).finally(stay);
    });
  }

  get size(): number {
    return this.flights.size;
  }

  private depart(key: string): Flight<T> {
    const giveUp = new AbortController();
    const flight: Flight<T> = { promise: this.start(key, giveUp.signal), giveUp, users: 0 };
    this.flights.set(key, flight);
    const landed = () => this.forget(key, flight);
    flight.promise.then(landed, landed);
    return flight;
  }

  private left(key: string, flight: Flight<T>): void {
    flight.users -= 1;
    if (flight.users > 0) return;
    this.forget(key, flight);
    flight.giveUp.abort();
  }

  private forget(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}
