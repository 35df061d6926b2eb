/**
 * A directory's entries, page after page. A page's cursor means something to the board that gave it alone; when
 * another board has to go on, it begins again, and what was told already is passed over: the directory's version,
 * which is the same, stands for the same entries in whatever order.
 */
import { BoardFailedError, RangeNotInObjectError } from './errors.js';
import { ListQuestion, type ObjectEntry, type Page } from './list-question.js';

/** A walk is begun again at most so often. */
const MAX_RESTARTS = 4;

export async function* listDirectory(
  name: string,
  ask: (question: ListQuestion) => Promise<Page>,
): AsyncGenerator<ObjectEntry, void, undefined> {
  const told = new Set<string>();
  /** Names of this walk, to notice a ring of links. */
  const passed = new Set<string>();
  let restarts = 0;
  let page: Page | undefined;
  do {
    const previous: Page | undefined = page;
    try {
      page = await ask(new ListQuestion(name, previous));
    } catch (error) {
      // The card was changed since, and nothing else can be had: from the start.
      if (previous === undefined || !(error instanceof RangeNotInObjectError)) throw error;
      page = await ask(new ListQuestion(name, { ...previous, cursor: 0 }));
      passed.clear();
    }
    if (previous !== undefined && !page.continues) passed.clear();
    if (passed.size === 0 && restarts++ > MAX_RESTARTS)
      throw new BoardFailedError(
        page.board.id,
        `it does not come to the end of "${name}"; look at the boards`,
      );
    for (const entry of page.entries) {
      if (passed.has(entry.name))
        throw new BoardFailedError(page.board.id, 'data on its card is damaged; run "atcp volume check"');
      passed.add(entry.name);
      if (told.has(entry.name)) continue;
      told.add(entry.name);
      yield entry;
    }
  } while (page.cursor !== 0);
}
