import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  BOARD_TABLE,
  BoardAction,
  BoardEvent,
  BoardState,
  SLOT_TABLE,
  SlotAction,
  SlotEvent,
  SlotState,
} from '../../src/back-end/state-machine.js';
import { stateMachinePage } from '../../tools/state-diagram.js';

interface Named {
  readonly name: string;
  readonly table: readonly (readonly { readonly action: number; readonly next: number }[])[];
  readonly states: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
  readonly actions: Readonly<Record<string, number>>;
}

const MACHINES: readonly Named[] = [
  { name: 'delegation', table: SLOT_TABLE, states: SlotState, events: SlotEvent, actions: SlotAction },
  { name: 'board', table: BOARD_TABLE, states: BoardState, events: BoardEvent, actions: BoardAction },
];

describe('state machine 31', () => {
  for (const { name, table, states, events, actions } of MACHINES) {
    it(`${name}: has an entry for every pair, frozen`, () => {
      assert.equal(table.length, Object.keys(states).length);
      assert.ok(Object.isFrozen(table));
      for (const row of table) {
        assert.equal(row.length, Object.keys(events).length);
        assert.ok(Object.isFrozen(row));
        for (const transition of row) {
          assert.ok(Object.isFrozen(transition));
          assert.ok(Object.values(states).includes(transition.next));
          assert.ok(Object.values(actions).includes(transition.action));
        }
      }
    });

    it(`${name}: an anomaly changes nothing`, () => {
      for (const [state, row] of table.entries()) {
        for (const { action, next } of row) if (action === actions['anomaly']) assert.equal(next, state);
      }
    });

    it(`${name}: every state can be reached, and every action and event is used`, () => {
      const reached = new Set([0]);
      for (const state of reached) for (const { next } of table[state]!) reached.add(next);
      assert.deepEqual([...reached].sort(), Object.values(states).sort());
      const used = new Set(table.flatMap((row) => row.map(({ action }) => action)));
      assert.deepEqual([...used].sort(), Object.values(actions).sort());
      for (const event of Object.values(events)) {
        assert.ok(table.some((row) => row[event]!.action !== actions['anomaly']));
      }
    });
  }

  it('frees the slot from every state on release, but a free one', () => {
    for (const state of Object.values(SlotState)) {
      const { action, next } = SLOT_TABLE[state]![SlotEvent.released]!;
      assert.equal(next, SlotState.ready);
      assert.equal(action, state === SlotState.ready ? SlotAction.anomaly : SlotAction.free);
    }
  });

  it('sends only after the total was reported (decision 7)', () => {
    for (const [state, row] of SLOT_TABLE.entries()) {
      for (const [event, { next }] of row.entries()) {
        if (next !== SlotState.sending || state === SlotState.sending) continue;
        const named: number[] = [SlotState.paused, SlotState.lapsed];
        assert.ok(event === SlotEvent.reported || named.includes(state), `state ${state}, event ${event}`);
      }
    }
  });

  it('is what docs/state-machine.md shows', () => {
    const page = readFileSync(new URL('../../docs/state-machine.md', import.meta.url), 'utf8');
    assert.equal(page, stateMachinePage());
  });
});
