import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TimerHeap, type Timed } from '../../../src/front-end/tcp/timers.js';

class Item implements Timed {
  wakeUs = 0;
  heapIndex = -1;
  deadlineUs = Infinity;
  readonly woken: number[] = [];
  readonly #heap: TimerHeap;

  constructor(heap: TimerHeap) {
    this.#heap = heap;
  }

  set(deadlineUs: number): void {
    this.deadlineUs = deadlineUs;
    this.#heap.schedule(this, deadlineUs);
  }

  onTimer(nowUs: number): void {
    if (nowUs >= this.deadlineUs) {
      this.woken.push(nowUs);
      this.deadlineUs = Infinity;
    } else {
      this.#heap.schedule(this, this.deadlineUs);
    }
  }
}

describe('TimerHeap', () => {
  it('wakes each item at its deadline, whatever was set, moved and cancelled before', () => {
    const step = fc.record({ item: fc.nat(9), what: fc.nat(9), us: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new TimerHeap();
        const items = Array.from({ length: 10 }, () => new Item(heap));
        let nowUs = 0;
        for (const { item: index, what, us } of steps) {
          const item = items[index]!;
          if (what < 6) item.set(nowUs + us);
          else if (what === 6) {
            heap.cancel(item);
            item.deadlineUs = Infinity;
          } else {
            // Time passes, stopping wherever the heap asks for it.
            const end = nowUs + us;
            for (; heap.nextUs <= end; heap.run(nowUs)) nowUs = Math.max(nowUs, heap.nextUs);
            nowUs = end;
          }
          for (const each of items) {
            assert.ok(each.deadlineUs > nowUs || each.deadlineUs === nowUs, 'nothing is overdue');
            if (each.deadlineUs !== Infinity) assert.ok(heap.nextUs <= each.deadlineUs);
            if (each.heapIndex >= 0)
              assert.ok(each.wakeUs <= each.deadlineUs || each.deadlineUs === Infinity);
          }
        }
      }),
    );
  });

  it('does not wake an item twice in one run, however soon it wants to be woken again', () => {
    const heap = new TimerHeap();
    let calls = 0;
    const eager: Timed = {
      wakeUs: 0,
      heapIndex: -1,
      onTimer(nowUs) {
        calls++;
        heap.schedule(eager, nowUs);
      },
    };
    heap.schedule(eager, 5);
    heap.run(5);
    assert.equal(calls, 1);
    assert.equal(heap.size, 1);
  });
});
